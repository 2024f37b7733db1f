"""A service as a process, with the settings of a test."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from support.eventually import PATIENCE_SECONDS

REPOSITORY = Path(__file__).parents[3]


@asynccontextmanager
async def process(package: str, settings: Mapping[str, str]) -> AsyncIterator[Process]:
    """A process with only these settings; killed if it is still alive at the end."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command, env = (sys.executable, "-m", package), inherited | dict(settings)
    started = await asyncio.create_subprocess_exec(
        *command, env=env, cwd=REPOSITORY, stdout=PIPE, stderr=PIPE
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def ended(started: Process) -> tuple[int | None, str, str]:
    """Exit status, standard output and standard error."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, err = await started.communicate()
    return started.returncode, out.decode(), err.decode()
