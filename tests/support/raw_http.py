"""HTTP as no well-behaved client writes it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

ANSWER_SECONDS = 30


class RawConnection:
    """One connection; the test writes every byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def write(self, sent: bytes) -> None:
        self._writer.write(sent)
        await self._writer.drain()

    async def write_head(self, path: str, *headers: str) -> None:
        """A POST up to its body."""
        lines = [f"POST {path} HTTP/1.1", "Host: gateway", *headers, "", ""]
        await self.write("\r\n".join(lines).encode())

    async def status(self) -> int:
        """The status of the answer, whose head is read."""
        async with asyncio.timeout(ANSWER_SECONDS):
            head = await self._reader.readuntil(b"\r\n\r\n")
        return int(head.split()[1])

    async def rest(self) -> bytes:
        """All that comes until the other side hangs up."""
        async with asyncio.timeout(ANSWER_SECONDS):
            return await self._reader.read()


@asynccontextmanager
async def raw_connection(port: int) -> AsyncIterator[RawConnection]:
    """A connection to loopback that is cut when the test is done with it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield RawConnection(reader, writer)
    finally:
        writer.transport.abort()
