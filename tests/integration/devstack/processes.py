"""Finds processes that a test started, directly or indirectly."""

import asyncio
import os
from pathlib import Path

# Ends a test that hangs, even on a very busy machine.
LIMIT_SECONDS = 300


def processes_in(folder: Path) -> dict[int, str]:
    """The running processes with a working directory below `folder`: id and last argument.

    A server may overwrite its arguments and environment, but not its working directory.
    """
    ids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return {pid: _last_argument(pid) for pid in ids if _works_in(pid).is_relative_to(folder)}


async def ended(pid: int) -> None:
    """Waits for the end of a process that is not a child of this one."""
    loop = asyncio.get_running_loop()
    has_ended = asyncio.Event()
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop.add_reader(descriptor, has_ended.set)
    try:
        await asyncio.wait_for(has_ended.wait(), LIMIT_SECONDS)
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _works_in(pid: int) -> Path:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return Path("/ended")


def _last_argument(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().strip("\0 ").split("\0")[-1]
    except OSError:
        return "ended"
