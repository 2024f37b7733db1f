"""A TCP proxy between two parts, and what can be done to its connections."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from itertools import count

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 64 * 1024
# On one machine a living target takes a connection at once.
CONNECT_SECONDS = 1.0


class Wire:
    """Passes bytes on to one of its targets, each new connection to the next that takes it."""

    def __init__(self, targets: Sequence[int]) -> None:
        """`targets` are ports on loopback."""
        self.port = 0
        # New connections are broken off at once.
        self.refuses = False
        # Questions pass, and the connection breaks instead of answering.
        self.loses_answers = False
        self._targets = targets
        self._turns = count()
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """From now on connections pass; `port` is where."""
        self._server = await asyncio.start_server(self._talk, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Ends everything."""
        if self._server is not None:
            self._server.close()
        self._flows.set()
        talks = list(self._talks)
        self.cut()
        await asyncio.gather(*talks, return_exceptions=True)

    def cut(self) -> int:
        """Breaks all connections off; tells how many there were."""
        for talk in self._talks:
            talk.cancel()
        return len(self._talks)

    def stall(self) -> None:
        """Holds all bytes back until `flow`."""
        self._flows.clear()

    def flow(self) -> None:
        """Lets go what was held back, in order."""
        self._flows.set()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or self.refuses:
            writer.transport.abort()
            return
        self._talks.add(task)
        try:
            await self._connect(reader, writer)
        except (asyncio.CancelledError, OSError):
            writer.transport.abort()
        finally:
            self._talks.discard(task)
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await self._reach()
        try:
            await _either(
                self._pass_on(reader, inner_writer),
                self._pass_on(inner_reader, writer, answers=True),
            )
        except (asyncio.CancelledError, OSError):
            inner_writer.transport.abort()
            raise
        finally:
            inner_writer.close()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The next target, or the first behind it that lives. Raises OSError."""
        turn = next(self._turns)
        for at in range(len(self._targets)):
            port = self._targets[(turn + at) % len(self._targets)]
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await asyncio.open_connection(LOOPBACK, port)
        raise ConnectionRefusedError

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            await self._flows.wait()
            if answers and self.loses_answers:
                raise ConnectionResetError
            writer.write(chunk)
            await writer.drain()


async def _either(*ways: Coroutine[None, None, None]) -> None:
    """Returns when one way has ended, whatever the other still waits for."""
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
