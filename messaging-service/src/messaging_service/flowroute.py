"""The client of Flowroute's Messaging API v2.2."""

import asyncio
import json
from types import TracebackType
from typing import Self

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from messaging_service.carrier import Answer, NotSent, Unknown
from messaging_service.domain import Text
from messaging_service.errors import CarrierUnavailable
from messaging_service.flowroute_answers import UNAVAILABLE_DELAY, read_answer
from messaging_service.settings import Settings
from runtime.clock import Clock

# Rate x latency: 64 connections at 100 ms carry 640 texts a second, far above any account's rate.
MAX_CONNECTIONS = 64
# Shorter than servers keep an idle connection: a POST must not meet one that is being closed, for
# then nobody knows whether it was read.
KEEP_ALIVE_SECONDS = 4.0
# An answer holds an id and a price; of a longer one only the status counts.
ANSWER_LIMIT_BYTES = 64 * 1024
# A connection comes about within this or the carrier counts as out of reach.
CONNECT_SECONDS = 3.0

_JSON_API = "application/vnd.api+json"


class FlowrouteClient:
    """Satisfies Carrier. Used as `async with`, so that its connections end."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._receipt_url = f"{settings.public_url}/api/receipt/"
        self._timeout_seconds = settings.send_timeout_seconds
        self._http = _open_http(settings)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def send(self, text: Text, send_token: str) -> Answer:
        """See Carrier."""
        try:
            # Around everything: an answer that trickles in has no other end.
            async with asyncio.timeout(self._timeout_seconds):
                return await self._post(text, send_token)
        except Exception as error:
            return answer_to(error)

    async def _post(self, text: Text, send_token: str) -> Answer:
        content = _request_body(text, self._receipt_url + send_token)
        async with self._http.stream("POST", "/v2.2/messages", content=content) as response:
            answer = await _read_at_most(response, ANSWER_LIMIT_BYTES)
        now = self._clock.now()
        return read_answer(response.status_code, response.headers, answer, text=text, now=now)


def _open_http(settings: Settings) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEP_ALIVE_SECONDS)
    # Half of the whole at most, so that a slow connection is told from a slow answer.
    connect = min(CONNECT_SECONDS, settings.send_timeout_seconds / 2)
    return httpx.AsyncClient(
        # aiohttp underneath, for its speed. It repeats no POST by itself.
        transport=AiohttpTransport(limits=limits),
        base_url=settings.flowroute_url,
        auth=(
            settings.flowroute_access_key.get_secret_value(),
            settings.flowroute_secret_key.get_secret_value(),
        ),
        headers={
            "Accept": _JSON_API,
            # Answers are small; a compressed one could be anything but.
            "Accept-Encoding": "identity",
            "Content-Type": _JSON_API,
            "User-Agent": "maskline",
        },
        timeout=httpx.Timeout(settings.send_timeout_seconds, connect=connect, pool=connect),
        follow_redirects=False,
        trust_env=False,
    )


def _request_body(text: Text, receipt_url: str) -> bytes:
    attributes = {
        "to": text.to_number,
        "from": text.from_number,
        "body": text.body,
        "dlr_callback": receipt_url,
    }
    return json.dumps({"data": {"type": "message", "attributes": attributes}}).encode()


async def _read_at_most(response: httpx.Response, limit: int) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > limit:
            break
    return bytes(content[:limit])


def answer_to(error: Exception) -> Answer:
    """NotSent only if not a byte of the request can have reached the carrier.

    Decided by aiohttp's own exception: its transport calls it httpx.ConnectTimeout too when a
    connection breaks after the request was written, and that text may have arrived.
    """
    cause = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error
    why = type(cause).__name__
    if isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return NotSent(CarrierUnavailable(UNAVAILABLE_DELAY), why)
    return Unknown(why)
