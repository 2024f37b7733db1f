"""The HTTP clients for Flowroute: connections, credentials, limits, and refused requests."""

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from opentelemetry import trace

from messaging_service.config.settings import Settings
from messaging_service.model.errors import (
    CarrierCredentialsRejected,
    CarrierRateLimited,
    CarrierRequestRejected,
    CarrierUnavailable,
    MessagingError,
)
from runtime.tls import shared_client_context
from runtime.tracing import tracer

# Rate x latency: 64 connections at 100 ms carry 640 messages per second, far above any account.
SEND_CONNECTIONS = 64

# Reserved for reads of the account. Flowroute answers at most five requests per second.
ACCOUNT_CONNECTIONS = 4

# Shorter than servers keep an idle connection: if a POST meets a connection that is being closed,
# it is uncertain whether it was read.
KEEP_ALIVE_SECONDS = 4.0

# A carrier that does not accept a connection within this time is unavailable.
CONNECT_SECONDS = 3.0

# The documented rate is five messages per second, so one second makes room for five.
RATE_LIMIT_DELAY = timedelta(seconds=1)

# Maintenance and network outages last longer than that.
UNAVAILABLE_DELAY = timedelta(seconds=5)

# One header of the carrier's must not delay messages for longer than this.
MAX_DELAY = timedelta(minutes=5)

_JSON_API = "application/vnd.api+json"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response. The content may be cut off, and must not be logged."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)


class FlowrouteHttp:
    """Used as `async with`, so that its connections are closed.

    Messages are posted with aiohttp alone; reads use httpx, over the same connections.
    """

    def __init__(self, settings: Settings) -> None:
        """Inside the event loop."""
        headers = _headers(settings)
        # At most half of the send timeout, so that a slow connection differs from a slow answer.
        connect = min(CONNECT_SECONDS, settings.send_timeout_seconds / 2)
        self._url = settings.flowroute_url
        self._session = _open_session(headers, connect)
        self._http = httpx.AsyncClient(
            transport=AiohttpTransport(verify=shared_client_context(), client=self._session),
            base_url=settings.flowroute_url,
            headers=headers,
            timeout=httpx.Timeout(settings.send_timeout_seconds, connect=connect, pool=connect),
            follow_redirects=False,
            trust_env=False,
        )

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
        """Sends one request, once, and reads at most `limit_bytes` of the response.

        The caller sets the timeout. Raises whatever aiohttp raises.
        """
        headers = {"Content-Type": _JSON_API}
        with _request_span("POST", path) as span:
            async with self._session.post(
                self._url + path, data=content, headers=headers, allow_redirects=False
            ) as response:
                span.set_attribute("status", response.status)
                answer = await _read_at_most(response.content.iter_any(), limit_bytes)
                return Reply(response.status, response.headers, answer)

    async def get(self, path: str, query: Mapping[str, int | str], *, limit_bytes: int) -> Reply:
        """As `post`, but a read may be repeated, and the exceptions are httpx's."""
        with _request_span("GET", path) as span:
            async with self._http.stream("GET", path, params=query) as response:
                span.set_attribute("status", response.status_code)
                content = await _read_at_most(response.aiter_bytes(), limit_bytes)
                return Reply(response.status_code, response.headers, content)


def _request_span(method: str, path: str) -> AbstractContextManager[trace.Span]:
    return tracer.start_as_current_span(
        "carrier_request",
        kind=trace.SpanKind.CLIENT,
        attributes={"http_method": method, "route": path},
    )


def read_error(reply: Reply, now: datetime) -> MessagingError | None:
    """The error of a read that failed, or None for 2xx.

    Reads may be repeated, so every status that may pass is an error to try again after. Redirects
    are not followed, and Flowroute sends none.
    """
    status, headers = reply.status, reply.headers
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return CarrierCredentialsRejected()
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return CarrierRateLimited(retry_delay(headers, now, RATE_LIMIT_DELAY))
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return CarrierRequestRejected()
    return CarrierUnavailable(retry_delay(headers, now, UNAVAILABLE_DELAY))


def retry_delay(headers: Mapping[str, str], now: datetime, default: timedelta) -> timedelta:
    """The delay of Retry-After, at least the default. Flowroute documents no such header."""
    requested = _retry_after(headers.get("retry-after", ""), now)
    return default if requested is None else min(max(requested, default), MAX_DELAY)


def _retry_after(value: str, now: datetime) -> timedelta | None:
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value), MAX_DELAY.total_seconds()))
    try:
        return parsedate_to_datetime(value) - now
    except (TypeError, ValueError):
        return None


def _headers(settings: Settings) -> dict[str, str]:
    keys = (settings.flowroute_access_key, settings.flowroute_secret_key)
    credentials = ":".join(key.get_secret_value() for key in keys)
    return {
        "Authorization": f"Basic {b64encode(credentials.encode()).decode()}",
        "Accept": _JSON_API,
        # Without compression a small response cannot expand without limit.
        "Accept-Encoding": "identity",
        "User-Agent": "maskline",
    }


def _open_session(headers: Mapping[str, str], connect_seconds: float) -> aiohttp.ClientSession:
    """aiohttp sends a POST once; it repeats only reads."""
    connector = aiohttp.TCPConnector(
        limit=SEND_CONNECTIONS + ACCOUNT_CONNECTIONS,
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        ssl=shared_client_context(),
    )
    return aiohttp.ClientSession(
        connector=connector,
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        # The time to get a connection, a free one or a new one.
        timeout=aiohttp.ClientTimeout(total=None, connect=connect_seconds),
        auto_decompress=False,
    )


async def _read_at_most(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    content = bytearray()
    async for chunk in chunks:
        content += chunk
        if len(content) > limit:
            break
    return bytes(content[:limit])
