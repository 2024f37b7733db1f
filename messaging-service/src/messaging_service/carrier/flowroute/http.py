"""The one HTTP client that speaks with Flowroute, with its limits and its keys."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx
from httpx_aiohttp import AiohttpTransport
from opentelemetry import trace

from messaging_service.config.settings import Settings
from runtime.tracing import tracer

# Rate x latency: 64 connections at 100 ms carry 640 texts a second, far above any account's rate.
SEND_CONNECTIONS = 64

# Looks at the account take no text's place. Flowroute answers five requests a second at most.
ACCOUNT_CONNECTIONS = 4

# Shorter than servers keep an idle connection: a POST must not meet one that is being closed, for
# then nobody knows whether it was read.
KEEP_ALIVE_SECONDS = 4.0

# A connection comes about within this or the carrier counts as out of reach.
CONNECT_SECONDS = 3.0

_JSON_API = "application/vnd.api+json"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. The content may be cut off, and is none of the logs' business."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)


class FlowrouteHttp:
    """Used as `async with`, so that its connections end."""

    def __init__(self, settings: Settings) -> None:
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

    async def post(self, path: str, content: bytes, *, limit_bytes: int) -> Reply:
        """Asks once, and reads no more of the answer than `limit_bytes`.

        Its end in time is the caller's to set; raises whatever breaks.
        """
        headers = {"Content-Type": _JSON_API}
        with _request_span("POST", path) as span:
            stream = self._http.stream("POST", path, content=content, headers=headers)
            async with stream as response:
                span.set_attribute("status", response.status_code)
                return await _reply(response, limit_bytes)

    async def get(self, path: str, query: Mapping[str, int | str], *, limit_bytes: int) -> Reply:
        """As `post`."""
        with _request_span("GET", path) as span:
            async with self._http.stream("GET", path, params=query) as response:
                span.set_attribute("status", response.status_code)
                return await _reply(response, limit_bytes)


def _request_span(method: str, path: str) -> AbstractContextManager[trace.Span]:
    return tracer.start_as_current_span(
        "carrier_request",
        kind=trace.SpanKind.CLIENT,
        attributes={"http_method": method, "route": path},
    )


def _open_http(settings: Settings) -> httpx.AsyncClient:
    limits = httpx.Limits(
        max_connections=SEND_CONNECTIONS + ACCOUNT_CONNECTIONS,
        keepalive_expiry=KEEP_ALIVE_SECONDS,
    )
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
            "User-Agent": "maskline",
        },
        timeout=httpx.Timeout(settings.send_timeout_seconds, connect=connect, pool=connect),
        follow_redirects=False,
        trust_env=False,
    )


async def _reply(response: httpx.Response, limit_bytes: int) -> Reply:
    content = await _read_at_most(response, limit_bytes)
    return Reply(response.status_code, response.headers, content)


async def _read_at_most(response: httpx.Response, limit: int) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > limit:
            break
    return bytes(content[:limit])
