"""Fetches files from the carrier's store, within limits."""

import asyncio
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Self

import httpx

from messaging_service.model.media import FileTooLarge, UnsupportedFile
from runtime.tls import shared_client_context

# FLOWROUTE: "up to 15 MB possible" inbound; operators usually allow 1.5 MB.
FILE_LIMIT_BYTES = 15_000_000

# A store that does not accept a connection within this time is unavailable.
CONNECT_SECONDS = 3.0

# Worth another try. Other refusals are permanent: 403, 404 and 410 mean that the URL has expired.
_TRANSIENT = {408, 425, 429}


class FetchFailed(Exception):
    """A file could not be fetched this time. The text is for logs and never contains the URL."""


class MediaFetcher:
    """An HTTP client without the account's credentials; used as `async with`."""

    def __init__(
        self, timeout_seconds: float, connections: int, limit_bytes: int = FILE_LIMIT_BYTES
    ) -> None:
        """`timeout_seconds` and `limit_bytes` are for one whole file."""
        self._timeout_seconds = timeout_seconds
        self._limit_bytes = limit_bytes
        # httpx's own transport: aiohttp normalises URLs, which breaks presigned ones.
        self._http = httpx.AsyncClient(
            verify=shared_client_context(),
            limits=httpx.Limits(max_connections=connections),
            # Without compression a small response cannot expand without limit.
            headers={"Accept-Encoding": "identity", "User-Agent": "maskline"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            timeout=httpx.Timeout(timeout_seconds, connect=CONNECT_SECONDS),
            # A redirect could lead outside the allowed origins.
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

    async def fetch(self, url: str) -> bytes:
        """The file at an allowed URL.

        Raises UnsupportedFile if it will never be available, FetchFailed if it may be later.
        """
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._read(url)
        except (UnsupportedFile, FetchFailed):
            raise
        except (httpx.InvalidURL, ValueError):
            # ValueError includes what the encoding of host names raises.
            raise UnsupportedFile("address") from None
        except Exception as error:
            # The client's message may contain the URL: only the type is kept.
            raise FetchFailed(type(error).__name__) from None

    async def _read(self, url: str) -> bytes:
        async with self._http.stream("GET", url) as response:
            _check(response.status_code)
            content = bytearray()
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > self._limit_bytes:
                    raise FileTooLarge("too large")
            return bytes(content)


def _check(status: int) -> None:
    if status >= 500 or status in _TRANSIENT:
        raise FetchFailed(f"status {status}")
    if status != 200:
        raise UnsupportedFile(f"status {status}")
