"""A TCP proxy whose connections can be broken in several ways."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from itertools import count

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 64 * 1024
# A living target on this machine accepts at once.
CONNECT_SECONDS = 1.0


class TcpProxy:
    """Forwards each new connection to the next of its targets that accepts it."""

    def __init__(self, targets: Sequence[int]) -> None:
        """`targets` are ports on loopback."""
        self.port = 0
        # New connections are closed at once.
        self.refuses = False
        # Requests pass; the connection breaks instead of the response.
        self.loses_responses = False
        self._targets = targets
        self._turns = count()
        self._resumed = asyncio.Event()
        self._resumed.set()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listens; `port` is where."""
        self._server = await asyncio.start_server(self._handle, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Ends everything."""
        if self._server is not None:
            self._server.close()
        self._resumed.set()
        connections = list(self._connections)
        self.cut()
        await asyncio.gather(*connections, return_exceptions=True)

    def cut(self) -> int:
        """Breaks all connections; returns how many there were."""
        for connection in self._connections:
            connection.cancel()
        return len(self._connections)

    def stall(self) -> None:
        """Holds all bytes back until `resume`."""
        self._resumed.clear()

    def resume(self) -> None:
        """Forwards what was held back, in order."""
        self._resumed.set()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or self.refuses:
            writer.transport.abort()
            return
        self._connections.add(task)
        try:
            await self._connect(reader, writer)
        except (asyncio.CancelledError, OSError):
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await self._connect_target()
        try:
            await _until_one_ends(
                self._forward(reader, inner_writer),
                self._forward(inner_reader, writer, is_response=True),
            )
        except (asyncio.CancelledError, OSError):
            inner_writer.transport.abort()
            raise
        finally:
            inner_writer.close()

    async def _connect_target(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The next target, or the first after it that accepts. Raises OSError."""
        turn = next(self._turns)
        for at in range(len(self._targets)):
            port = self._targets[(turn + at) % len(self._targets)]
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await asyncio.open_connection(LOOPBACK, port)
        raise ConnectionRefusedError

    async def _forward(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        is_response: bool = False,
    ) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            await self._resumed.wait()
            if is_response and self.loses_responses:
                raise ConnectionResetError
            writer.write(chunk)
            await writer.drain()


async def _until_one_ends(*directions: Coroutine[None, None, None]) -> None:
    """Returns when one direction has ended."""
    tasks = [asyncio.create_task(direction) for direction in directions]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
