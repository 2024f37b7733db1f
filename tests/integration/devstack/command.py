"""`python -m devstack` as a person sees it."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from support.eventually import eventually

from .processes import LIMIT_SECONDS, processes_in


class Command:
    """One run of `python -m devstack` with stand-ins for the services."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self._process = process
        self._folder = folder
        self.output = ""

    async def said(self, words: str) -> None:
        """Reads on until it says so."""
        assert self._process.stdout is not None
        async with asyncio.timeout(LIMIT_SECONDS):
            while words not in self.output:
                line = await self._process.stdout.readline()
                assert line, f"it ended without saying {words!r}:\n{self.output}"
                self.output += line.decode()

    async def exit_status(self) -> int:
        """Reads what it says until it ends."""
        rest, _ = await asyncio.wait_for(self._process.communicate(), LIMIT_SECONDS)
        self.output += rest.decode()
        assert self._process.returncode is not None
        return self._process.returncode

    def send(self, signum: signal.Signals) -> None:
        """To the whole group, as a terminal does it."""
        os.killpg(self._process.pid, signum)

    def parts(self) -> dict[str, int]:
        """The process ids of all that devstack started."""
        found = processes_in(self._folder)
        found.pop(self._process.pid, None)
        return {_part_of(argument): pid for pid, argument in found.items()}

    async def nothing_is_left(self) -> None:
        """Waits for the end of every part. One that is just ending may miss from a single look."""

        async def gone() -> bool:
            return self.parts() == {}

        await eventually(gone)

    def journal(self) -> list[str]:
        """What the parts noted: "gateway +" when one began, "gateway -" when it was told to end."""
        journal = self._folder / "journal"
        return journal.read_text().splitlines() if journal.exists() else []

    async def clean_up(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()
        for pid in self.parts().values():
            os.kill(pid, signal.SIGKILL)


async def run_devstack(folder: Path, offset: int, environment: Mapping[str, str]) -> Command:
    """Starts it in a folder, by which its parts are found again."""
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


def _part_of(argument: str) -> str:
    # The embedded server shows its address in the place of its arguments.
    return "valkey" if "127.0.0.1" in argument else argument
