"""Fetches the media of an MMS where the account says they are, as Flowroute does when it sends."""

import asyncio
from collections.abc import AsyncIterator

import httpx
from httpx_aiohttp import AiohttpTransport

from simulator.media.attachments import media_at
from simulator.media.files import File
from simulator.records import Media

# Flowroute docs: a file, and an MMS with its text (750 kB, in thousands of 1,024 bytes).
FILE_LIMIT_BYTES = 767_840

MESSAGE_LIMIT_BYTES = 750 * 1024

# Flowroute's is not documented; an address that takes longer is down.
FETCH_SECONDS = 10.0

# Far more MMS than an account may send in a second.
MAX_CONNECTIONS = 32

HTTP_OK = 200


class MediaRefused(Exception):
    """A file cannot be fetched or is too large; the text says what to change, and no address."""


class MediaClient:
    """GETs media. Open it in the event loop that uses it, and close it there."""

    def __init__(self, fetch_seconds: float = FETCH_SECONDS) -> None:
        self._fetch_seconds = fetch_seconds
        limits = httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=5)
        transport = AiohttpTransport(limits=limits)
        self._http = httpx.AsyncClient(transport=transport, timeout=fetch_seconds, trust_env=False)

    async def fetch_all(self, media: tuple[Media, ...], body: str) -> tuple[File, ...]:
        """The files of one message with these words, one after the other. Raises MediaRefused."""
        files: list[File] = []
        left = MESSAGE_LIMIT_BYTES - len(body.encode())
        for one in media:
            files.append(await self.fetch(one.url))
            left -= len(files[-1].content)
            if left < 0:
                raise MediaRefused(f"An MMS may have at most {MESSAGE_LIMIT_BYTES} bytes in all.")
        return tuple(files)

    async def fetch(self, url: str) -> File:
        """One file, from exactly this address. Raises MediaRefused."""
        try:
            async with (
                asyncio.timeout(self._fetch_seconds),
                self._http.stream("GET", url) as answer,
            ):
                if answer.status_code != HTTP_OK:
                    raise MediaRefused("'media_urls' must hold URLs that can be fetched.")
                return _file(url, answer, await _limited(answer.aiter_bytes()))
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL):
            raise MediaRefused("'media_urls' must hold URLs that can be fetched.") from None

    async def close(self) -> None:
        """Closes all connections."""
        await self._http.aclose()


async def _limited(chunks: AsyncIterator[bytes]) -> bytes:
    content = bytearray()
    async for chunk in chunks:
        content += chunk
        if len(content) > FILE_LIMIT_BYTES:
            raise MediaRefused(f"A media file may have at most {FILE_LIMIT_BYTES} bytes.")
    return bytes(content)


def _file(url: str, answer: httpx.Response, content: bytes) -> File:
    said = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    media = media_at(url, mime_type=said or None)
    return File(media.file_name, media.mime_type, content)
