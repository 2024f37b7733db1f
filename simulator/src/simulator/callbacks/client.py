"""The HTTP client for callbacks."""

import asyncio

import httpx
from httpx_aiohttp import AiohttpTransport

from simulator.http.tls import client_context

# With a gateway that takes 100 ms this is 2,500 callbacks a second.
MAX_CONNECTIONS = 256
# Flowroute's timeout is not documented.
RESPONSE_TIMEOUT_SECONDS = 10.0
# Only the status counts. A small body is read to its end so that the connection can be reused.
RESPONSE_LIMIT_BYTES = 64 * 1024

_HEADERS = {"content-type": "application/json", "accept-encoding": "gzip"}


class CallbackClient:
    """POSTs callbacks. Create and close it in the event loop that uses it."""

    def __init__(self, response_timeout_seconds: float = RESPONSE_TIMEOUT_SECONDS) -> None:
        self._response_timeout_seconds = response_timeout_seconds
        limits = httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=5)
        self._http = httpx.AsyncClient(
            transport=AiohttpTransport(verify=client_context(), limits=limits),
            timeout=response_timeout_seconds,
            headers=_HEADERS,
        )

    async def post(self, url: str, content: bytes) -> int:
        """Sends one callback and returns the status of the response.

        Raises TimeoutError or httpx.HTTPError if there is no response.
        """
        async with (
            asyncio.timeout(self._response_timeout_seconds),
            self._http.stream("POST", url, content=content) as response,
        ):
            read_bytes = 0
            async for chunk in response.aiter_raw():
                read_bytes += len(chunk)
                if read_bytes > RESPONSE_LIMIT_BYTES:
                    break
            return response.status_code

    async def close(self) -> None:
        """Closes all connections."""
        await self._http.aclose()
