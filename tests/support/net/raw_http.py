"""A raw HTTP connection, for requests that no HTTP client sends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

RESPONSE_SECONDS = 30


class RawConnection:
    """A connection; the test writes every byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def write_head(self, path: str, *headers: str) -> None:
        """Writes the head of a POST."""
        lines = [f"POST {path} HTTP/1.1", "Host: gateway", *headers, "", ""]
        await self.write("\r\n".join(lines).encode())

    async def status(self) -> int:
        """Reads the head of the response and returns its status."""
        async with asyncio.timeout(RESPONSE_SECONDS):
            head = await self._reader.readuntil(b"\r\n\r\n")
        return int(head.split()[1])

    async def rest(self) -> bytes:
        """Everything until the server closes the connection."""
        async with asyncio.timeout(RESPONSE_SECONDS):
            return await self._reader.read()


@asynccontextmanager
async def raw_connection(port: int) -> AsyncIterator[RawConnection]:
    """A connection to loopback, aborted at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield RawConnection(reader, writer)
    finally:
        writer.transport.abort()
