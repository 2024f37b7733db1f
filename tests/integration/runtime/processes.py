"""A service as a process, with the settings of a test."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from support.eventually import PATIENCE_SECONDS

REPOSITORY = Path(__file__).parents[3]


@asynccontextmanager
async def process(package: str, settings: Mapping[str, str]) -> AsyncIterator[Process]:
    """A process with only these settings; killed if it is still alive at the end."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", package),
        env=inherited | dict(settings),
        cwd=REPOSITORY,
        stdout=PIPE,
        stderr=STDOUT,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def ended(started: Process) -> tuple[int | None, str]:
    """The exit status and the output."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, _ = await started.communicate()
    return started.returncode, out.decode()
