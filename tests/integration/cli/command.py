"""`python -m maskline_cli` as a person or a program runs it."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from support.eventually import PATIENCE_SECONDS

# Far enough from UTC that nobody takes one for the other; without summer time.
ZONE = {"TZ": "XYZ-05:00"}


@dataclass(frozen=True)
class Ended:
    """A run that is over."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output as the one document that it is."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def error(self) -> dict[str, Any]:
        """What a program reads about a failure."""
        error: dict[str, Any] = json.loads(self.err)["error"]
        return error


async def maskline(target: str, *arguments: str, stdin: str = "", **settings: str) -> Ended:
    """Runs one command against a conversation service to its end."""
    process = await start(*arguments, settings={"MASKLINE_TARGET": target, **settings})
    try:
        said = await asyncio.wait_for(
            process.communicate(stdin.encode(errors="surrogateescape")), PATIENCE_SECONDS
        )
    finally:
        await _end(process)
    out, err = (text.decode() for text in said)
    assert "Traceback" not in err, err
    return Ended(process.returncode or 0, out, err)


class Watching:
    """A command that goes on until it is interrupted."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def line(self) -> str:
        """The next line of its standard output."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_SECONDS)
        return line.decode()

    async def interrupted(self) -> Ended:
        """Presses Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        return await self.ended()

    async def ended(self) -> Ended:
        """Waits for its end; what was read by lines is not answered again."""
        out, err = await asyncio.wait_for(self._process.communicate(), PATIENCE_SECONDS)
        return Ended(self._process.returncode or 0, out.decode(), err.decode())

    def stop_reading(self) -> None:
        """Does as `| head` does once it has enough."""
        assert self._process.stdout is not None
        # asyncio's own name for the pipe's reading end; there is no public one.
        self._process.stdout._transport.close()  # type: ignore[attr-defined]


@asynccontextmanager
async def watching(target: str, *arguments: str) -> AsyncIterator[Watching]:
    """A running `maskline watch`."""
    process = await start("watch", *arguments, settings={"MASKLINE_TARGET": target})
    try:
        yield Watching(process)
    finally:
        await _end(process)


async def start(*arguments: str, settings: Mapping[str, str]) -> Process:
    """Starts it with nothing in its environment but these settings."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "maskline_cli", *arguments),
        env=inherited | ZONE | dict(settings),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
