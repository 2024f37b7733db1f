"""Processes that a test started, directly or not."""

import asyncio
import os
from pathlib import Path

# Far beyond any end seen; nothing waits this long unless it is broken.
LIMIT_SECONDS = 20


def processes_in(folder: Path) -> dict[int, str]:
    """The living processes that work in a folder or below it: id and last argument.

    A server may overwrite its own arguments and environment, but not where it works.
    """
    ids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return {pid: _last_argument(pid) for pid in ids if _works_in(pid).is_relative_to(folder)}


async def ended(pid: int) -> None:
    """Waits until a process that is nobody's child here has ended."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop.add_reader(descriptor, gone.set)
    try:
        await asyncio.wait_for(gone.wait(), LIMIT_SECONDS)
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
