"""The end of a log, for a person."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from devstack.processes import ServiceProcess

LINES = 12

# Enough for that many long lines; a log may be large.
BYTES = 8_192


def last_lines(log: Path) -> str:
    """The last lines of a file, indented; a sentence when there are none."""
    if not log.exists():
        return "  (nothing was written)"
    with log.open("rb") as file:
        file.seek(-min(BYTES, log.stat().st_size), 2)
        lines = file.read().decode(errors="replace").splitlines()[-LINES:]
    return "\n".join(f"  {line}" for line in lines) or "  (nothing was written)"


# Services let live requests finish for five seconds; what takes longer than this hangs.
STOP_GRACE_SECONDS = 8.0


class RunningProcess:
    """A part that was started once."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Use `start_process`."""
        self._process = process

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

    async def ended(self) -> str:
        """Waits for its end and tells how that came."""
        status = await self._process.wait()
        if status >= 0:
            return f"exit status {status}"
        return signal.Signals(-status).name

    async def stop(self, grace_seconds: float = STOP_GRACE_SECONDS) -> None:
        """Asks it to end; kills it when the grace is over."""
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), grace_seconds)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """Ends it without asking."""
        self.kill_now()
        await self._process.wait()

    def kill_now(self) -> None:
        """Ends it without asking or waiting."""
        self._signal(signal.SIGKILL)

    def _signal(self, signum: signal.Signals) -> None:
        if self.alive:
            # The whole group: whatever it started ends with it.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signum)


async def start_process(part: ServiceProcess, log: Path) -> RunningProcess:
    """Starts a part, tethered to this process, its output appended to `log`."""
    tether = (sys.executable, "-m", "devstack.parent_death", str(os.getpid()))
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *tether,
            *part.command,
            env=part.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            # A group of its own: the terminal's Ctrl-C reaches devstack alone, which keeps order.
            process_group=0,
        )
    return RunningProcess(process)
