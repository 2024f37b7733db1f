"""One process of the stack, and the end of its log."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from devstack.processes import ServiceProcess

LINES = 12
# Enough for so many long lines; a log may be large.
BYTES = 8_192
# Services let requests finish for five seconds.
STOP_GRACE_SECONDS = 8.0


def last_lines(log: Path) -> str:
    """The last lines of a file, indented."""
    if not log.exists():
        return "  (nothing was written)"
    with log.open("rb") as file:
        file.seek(-min(BYTES, log.stat().st_size), 2)
        lines = file.read().decode(errors="replace").splitlines()[-LINES:]
    return "\n".join(f"  {line}" for line in lines) or "  (nothing was written)"


class RunningProcess:
    """A started process. Use `start_process`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

    async def ended(self) -> str:
        """Waits for the end of the process; returns its exit status or signal as text."""
        status = await self._process.wait()
        if status >= 0:
            return f"exit status {status}"
        return signal.Signals(-status).name

    async def stop(self, grace_seconds: float = STOP_GRACE_SECONDS) -> None:
        """Sends SIGTERM, and SIGKILL after the grace period."""
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), grace_seconds)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """Sends SIGKILL and waits for the end."""
        self.kill_now()
        await self._process.wait()

    def kill_now(self) -> None:
        """Sends SIGKILL without waiting."""
        self._signal(signal.SIGKILL)

    def _signal(self, signum: signal.Signals) -> None:
        if self.alive:
            # The whole process group, including its own children.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signum)


async def start_process(service: ServiceProcess, log: Path) -> RunningProcess:
    """Starts a service that ends with this process; its output is appended to `log`."""
    prefix = (sys.executable, "-m", "devstack.parent_death", str(os.getpid()))
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *prefix,
            *service.command,
            env=service.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            # Its own process group: only devstack receives the terminal's Ctrl-C.
            process_group=0,
        )
    return RunningProcess(process)
