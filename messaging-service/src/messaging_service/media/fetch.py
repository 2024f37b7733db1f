"""Fetches files from where the carrier offers them, within limits."""

import asyncio
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Self

import httpx

from messaging_service.model.media import UnsupportedFile

# FLOWROUTE: "up to 15 MB possible" inbound; operators usually allow 1.5 MB.
FILE_LIMIT_BYTES = 15_000_000

# A connection comes about within this or the carrier's store counts as out of reach.
CONNECT_SECONDS = 3.0

# These may pass; any other refusal stays one. 403, 404 and 410 say that the address has expired.
_PASSING = {408, 425, 429}


class FetchFailed(Exception):
    """A file did not come this time. Its text is for logs and says why, never where from."""


class MediaFetcher:
    """A client of its own, without the account's keys; used as `async with`."""

    def __init__(self, timeout_seconds: float, connections: int) -> None:
        """`timeout_seconds` is for one whole file."""
        self._seconds = timeout_seconds
        # httpx's own transport: aiohttp's writes an address anew, and a presigned one must arrive
        # as it was signed.
        self._http = httpx.AsyncClient(
            limits=httpx.Limits(max_connections=connections),
            # A compressed answer could become anything when it is unpacked.
            headers={"Accept-Encoding": "identity", "User-Agent": "maskline"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            timeout=httpx.Timeout(timeout_seconds, connect=CONNECT_SECONDS),
            # A redirect leads wherever it likes.
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
        """The file at an allowed address.

        Raises Unfit when it will never come, FetchFailed when it may come later.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._read(url)
        except (TimeoutError, httpx.HTTPError, OSError) as error:
            # What a client says may hold the address: only its kind is told.
            raise FetchFailed(type(error).__name__) from None
        except httpx.InvalidURL:
            raise UnsupportedFile("address") from None

    async def _read(self, url: str) -> bytes:
        async with self._http.stream("GET", url) as response:
            _check(response.status_code)
            content = bytearray()
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > FILE_LIMIT_BYTES:
                    raise UnsupportedFile("too large")
            return bytes(content)


def _check(status: int) -> None:
    if status >= 500 or status in _PASSING:
        raise FetchFailed(f"status {status}")
    if status != 200:
        raise UnsupportedFile(f"status {status}")
