"""Fetches the media of an MMS by their URLs, as Flowroute does when it sends."""

import asyncio
from collections.abc import AsyncIterator

import httpx
from httpx_aiohttp import AiohttpTransport

from simulator.http.tls import client_context
from simulator.media.attachments import media_at
from simulator.media.files import File
from simulator.records import Media

# Flowroute docs: a file, and an MMS with its text (750 kB of 1,024 bytes).
FILE_LIMIT_BYTES = 767_840
MESSAGE_LIMIT_BYTES = 750 * 1024
# Not documented by Flowroute.
FETCH_SECONDS = 10.0
# Far more MMS than an account may send in a second.
MAX_CONNECTIONS = 32

HTTP_OK = 200


class MediaRejected(Exception):
    """A file cannot be fetched or is too large; the message says what to change, without URL."""


class MediaClient:
    """GETs media. Create and close it in the event loop that uses it."""

    def __init__(self, fetch_seconds: float = FETCH_SECONDS) -> None:
        self._fetch_seconds = fetch_seconds
        limits = httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=5)
        transport = AiohttpTransport(verify=client_context(), limits=limits)
        self._http = httpx.AsyncClient(transport=transport, timeout=fetch_seconds, trust_env=False)

    async def fetch_all(self, media: tuple[Media, ...], body: str) -> tuple[File, ...]:
        """The files of one message, fetched one after the other. Raises MediaRejected."""
        files: list[File] = []
        remaining = MESSAGE_LIMIT_BYTES - len(body.encode())
        for item in media:
            file = await self.fetch(item.url)
            files.append(file)
            remaining -= len(file.content)
            if remaining < 0:
                raise MediaRejected(f"An MMS may have at most {MESSAGE_LIMIT_BYTES} bytes in all.")
        return tuple(files)

    async def fetch(self, url: str) -> File:
        """One file, without following redirects. Raises MediaRejected."""
        try:
            async with (
                asyncio.timeout(self._fetch_seconds),
                self._http.stream("GET", url) as response,
            ):
                if response.status_code != HTTP_OK:
                    raise MediaRejected("'media_urls' must hold URLs that can be fetched.")
                return _file(url, response, await _limited(response.aiter_bytes()))
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL):
            raise MediaRejected("'media_urls' must hold URLs that can be fetched.") from None

    async def close(self) -> None:
        """Closes all connections."""
        await self._http.aclose()


async def _limited(chunks: AsyncIterator[bytes]) -> bytes:
    content = bytearray()
    async for chunk in chunks:
        content += chunk
        if len(content) > FILE_LIMIT_BYTES:
            raise MediaRejected(f"A media file may have at most {FILE_LIMIT_BYTES} bytes.")
    return bytes(content)


def _file(url: str, response: httpx.Response, content: bytes) -> File:
    mime_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    media = media_at(url, mime_type=mime_type or None)
    return File(media.file_name, media.mime_type, content)
