import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from support.eventually import eventually

# Ends a test that hangs, even on a very busy machine.
LIMIT_SECONDS = 300


class Command:
    """One run of `python -m devstack` with stand-ins for the services."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self._process = process
        self._folder = folder
        self.output = ""

    async def prints(self, text: str) -> None:
        assert self._process.stdout is not None
        async with asyncio.timeout(LIMIT_SECONDS):
            while text not in self.output:
                line = await self._process.stdout.readline()
                assert line, f"it ended without printing {text!r}:\n{self.output}"
                self.output += line.decode()

    async def exit_status(self) -> int:
        rest, _ = await asyncio.wait_for(self._process.communicate(), LIMIT_SECONDS)
        self.output += rest.decode()
        assert self._process.returncode is not None
        return self._process.returncode

    def send(self, signum: signal.Signals) -> None:
        """Sends a signal to the whole process group, as a terminal does."""
        os.killpg(self._process.pid, signum)

    def processes(self) -> dict[str, int]:
        running = processes_in(self._folder)
        running.pop(self._process.pid, None)
        return {_service_of(argument): pid for pid, argument in running.items()}

    async def all_processes_ended(self) -> None:

        async def have_ended() -> bool:
            return self.processes() == {}

        await eventually(have_ended)

    def journal(self) -> list[str]:
        """The stand-ins' journal: "gateway +" at the start, "gateway -" after SIGTERM."""
        journal = self._folder / "journal"
        return journal.read_text().splitlines() if journal.exists() else []

    async def clean_up(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()
        for pid in self.processes().values():
            os.kill(pid, signal.SIGKILL)


async def run_devstack(folder: Path, offset: int, environment: Mapping[str, str]) -> Command:
    """Starts it in a directory, by which its processes are found."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "devstack"),
        *("--port-offset", str(offset), "--data-folder", "data"),
        cwd=folder,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        process_group=0,
    )
    return Command(process, folder)


def _service_of(argument: str) -> str:
    # The embedded server replaces its arguments by its address.
    return "valkey" if "127.0.0.1" in argument else argument


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
