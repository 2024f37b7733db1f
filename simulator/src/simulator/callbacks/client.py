"""The way out to the gateway, over HTTP."""

import asyncio

import httpx
from httpx_aiohttp import AiohttpTransport

# At a gateway that takes 100 ms this still carries 2,500 callbacks a second.
MAX_CONNECTIONS = 256
# Flowroute's timeout is not documented; this is far above what an answer may take.
ANSWER_TIMEOUT_SECONDS = 10.0
# Only the status counts. A small answer is read to its end so that its connection can be reused.
ANSWER_LIMIT_BYTES = 64 * 1024

_HEADERS = {"content-type": "application/json", "accept-encoding": "gzip"}


class CallbackClient:
    """POSTs callbacks. Open it in the event loop that uses it, and close it there."""

    def __init__(self, answer_timeout_seconds: float = ANSWER_TIMEOUT_SECONDS) -> None:
        self._answer_timeout_seconds = answer_timeout_seconds
        limits = httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=5)
        self._http = httpx.AsyncClient(
            transport=AiohttpTransport(limits=limits),
            timeout=answer_timeout_seconds,
            headers=_HEADERS,
        )

    async def post(self, url: str, content: bytes) -> int:
        """Sends one callback and gives the answer's status.

        Raises TimeoutError when no answer comes in time, and what the client raises when none can.
        """
        async with (
            asyncio.timeout(self._answer_timeout_seconds),
            self._http.stream("POST", url, content=content) as answer,
        ):
            read = 0
            async for chunk in answer.aiter_raw():
                read += len(chunk)
                if read > ANSWER_LIMIT_BYTES:
                    break
            return answer.status_code

    async def close(self) -> None:
        """Closes all connections."""
        await self._http.aclose()
