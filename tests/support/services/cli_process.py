"""Runs `python -m maskline_cli` as a process."""

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

# Ends a test that hangs, even on a very busy machine.
HANG_SECONDS = 300.0
# Differs from UTC, without daylight saving time.
ZONE = {"TZ": "XYZ-05:00"}


@dataclass(frozen=True)
class Ended:
    """The result of a command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output as one JSON document."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def error(self) -> dict[str, Any]:
        """The error document on standard error."""
        error: dict[str, Any] = json.loads(self.err)["error"]
        return error


async def maskline(target: str, *arguments: str, stdin: str = "", **settings: str) -> Ended:
    """Runs one command against a conversation service to its end."""
    process = await start(*arguments, settings={"MASKLINE_TARGET": target, **settings})
    try:
        outputs = await asyncio.wait_for(
            process.communicate(stdin.encode(errors="surrogateescape")), HANG_SECONDS
        )
    finally:
        await _end(process)
    out, err = (output.decode() for output in outputs)
    assert "Traceback" not in err, err
    return Ended(process.returncode or 0, out, err)


class Watching:
    """A command that runs until it is interrupted."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def line(self) -> str:
        """The next line of its standard output."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), HANG_SECONDS)
        return line.decode()

    async def interrupted(self) -> Ended:
        """Presses Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        return await self.ended()

    async def ended(self) -> Ended:
        """Waits for its end; returns the output that `line` has not read."""
        out, err = await asyncio.wait_for(self._process.communicate(), HANG_SECONDS)
        return Ended(self._process.returncode or 0, out.decode(), err.decode())

    def stop_reading(self) -> None:
        """Closes the pipe, as `| head` does."""
        assert self._process.stdout is not None
        # asyncio has no public name for the reading end of the pipe.
        self._process.stdout._transport.close()  # type: ignore[attr-defined]


@asynccontextmanager
async def watching(target: str, *arguments: str) -> AsyncIterator[Watching]:
    """A running `maskline watch`."""
    process = await start("watch", *arguments, settings={"MASKLINE_TARGET": target})
    try:
        yield Watching(process)
    finally:
        await _end(process)


def inherited_environment() -> dict[str, str]:
    """The only variables that a command gets from the test's own environment."""
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


async def start(*arguments: str, settings: Mapping[str, str]) -> Process:
    """Starts the command with only these settings in its environment."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "maskline_cli", *arguments),
        env=inherited_environment() | ZONE | dict(settings),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
