"""A TCP relay to Redis that a test can cut and restore."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from support.net.ports import free_port


class RedisRelay:
    """Passes bytes on until it is cut; while it is cut, connections are refused."""

    def __init__(self, redis_url: str) -> None:
        target = urlsplit(redis_url)
        self._target = (target.hostname, target.port)
        self._port = free_port()
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()
        # Commands reach Redis, and the connection breaks before the reply.
        self.answers_are_lost = False
        self.url = f"redis://127.0.0.1:{self._port}/0"

    async def mend(self) -> None:
        """Accepts connections from now on."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self._port)

    async def cut(self) -> None:
        """Breaks every connection and accepts no more."""
        if self._server is not None:
            self._server.close()
        self._server = None
        talks = list(self._talks)
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        inner_reader, inner_writer = await asyncio.open_connection(*self._target)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass_on(reader, inner_writer))
                both.create_task(self._answer(inner_reader, writer))
        except* (asyncio.CancelledError, ConnectionError):
            writer.transport.abort()
        finally:
            self._talks.discard(task)
            inner_writer.close()
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65536):
            if self.answers_are_lost:
                raise ConnectionResetError
            writer.write(chunk)
            await writer.drain()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def redis_relay(redis_url: str) -> AsyncIterator[RedisRelay]:
    """A working relay; cut at the end."""
    relay = RedisRelay(redis_url)
    await relay.mend()
    try:
        yield relay
    finally:
        await relay.cut()
