"""Has pictures decoded by processes that can be killed, one for each picture."""

import asyncio
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence

from messaging_service.media.decoder_process import CPU_LIMIT_SECONDS, REFUSED
from messaging_service.model.media import Media, UnsupportedFile

# Each takes MEMORY_LIMIT_BYTES at most.
PROCESSES = 2

# More than CPU_LIMIT_SECONDS, as the processes share a CPU, and within PREPARE_SECONDS.
WALL_SECONDS = 2.0 * CPU_LIMIT_SECONDS

CHUNK_BYTES = 65_536

# The line before the result.
HEAD_LIMIT = 200

RESULT_TYPES = ("image/jpeg", "image/png", "image/gif")

# Isolated: neither the current folder nor variables change what is imported.
COMMAND = (sys.executable, "-I", "-m", "messaging_service.media.decoder_process")

# None of the service's variables, which contain secrets. A second heap for threads would count
# towards the limit of memory.
ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}


class _DiedUnread(UnsupportedFile):
    """The process ended before it read the picture, so the picture is not the cause."""


class PictureDecoder:
    """A process that dies, hangs or exceeds a limit refuses its picture and affects no other."""

    def __init__(
        self, *, wall_seconds: float = WALL_SECONDS, command: Sequence[str] = COMMAND
    ) -> None:
        self._wall_seconds = wall_seconds
        self._command = command
        self._slots = asyncio.Semaphore(PROCESSES)

    async def strip_metadata(self, content: bytes, limit_bytes: int) -> Media:
        """The picture in at most `limit_bytes`, without metadata. Raises UnsupportedFile."""
        async with self._slots:
            try:
                return await self._decode(content, limit_bytes)
            except _DiedUnread:
                return await self._decode(content, limit_bytes)

    async def _decode(self, content: bytes, limit_bytes: int) -> Media:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=ENVIRONMENT,
            # Lets Python spawn instead of fork, which gRPC's threads disturb. The process closes
            # what it inherited itself.
            close_fds=False,
        )
        try:
            async with asyncio.timeout(self._wall_seconds):
                return await _result(process, content, limit_bytes)
        except TimeoutError:
            raise UnsupportedFile("decoding took too long") from None
        finally:
            if process.returncode is None:
                await _kill(process)


async def _result(process: Process, content: bytes, limit_bytes: int) -> Media:
    await _write(process.stdin, b"%d\n%b" % (limit_bytes, content))
    output = await _read(process.stdout, limit_bytes + HEAD_LIMIT)
    await process.wait()
    head, _, result = output.partition(b"\n")
    outcome, _, cause = head.decode("ascii", "replace").partition(" ")
    if outcome == REFUSED:
        raise UnsupportedFile(cause)
    if outcome not in RESULT_TYPES or process.returncode != 0:
        raise UnsupportedFile("the decoder died")
    return Media(outcome, result)


async def _write(stdin: StreamWriter | None, content: bytes) -> None:
    if stdin is None:
        return
    try:
        stdin.write(content)
        await stdin.drain()
    # The second one is uvloop's, for a pipe that is closed already.
    except (ConnectionError, RuntimeError):
        raise _DiedUnread("the decoder died") from None
    stdin.close()


async def _read(stdout: StreamReader | None, limit_bytes: int) -> bytes:
    output = bytearray()
    while stdout and (chunk := await stdout.read(CHUNK_BYTES)):
        output += chunk
        if len(output) > limit_bytes:
            raise UnsupportedFile("the decoder wrote too much")
    return bytes(output)


async def _kill(process: Process) -> None:
    process.kill()
    # asyncio considers a process ended when its output has been read as well.
    while process.stdout and await process.stdout.read(CHUNK_BYTES):
        pass
    await process.wait()
