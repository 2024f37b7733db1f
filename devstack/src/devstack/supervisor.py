"""How often a dying part is started again."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from devstack.data_dir import DataDirectory
from devstack.errors import StackError
from devstack.health import START_LIMIT_SECONDS, becomes_healthy
from devstack.process import RunningProcess, last_lines, start_process
from devstack.processes import ServiceProcess
from runtime.clock import Clock

# A part that dies this often will die again; a person should look at it.
RESTART_LIMIT = 5

RESTART_WINDOW = timedelta(minutes=1)


class RestartBudget:
    """So many restarts within a window, no more."""

    def __init__(
        self, clock: Clock, limit: int = RESTART_LIMIT, window: timedelta = RESTART_WINDOW
    ) -> None:
        """The budget counts all parts together."""
        self._clock = clock
        self._window = window
        self._taken: deque[datetime] = deque(maxlen=limit)

    def take(self) -> bool:
        """Takes one restart. False when the window holds as many as are allowed."""
        now = self._clock.now()
        oldest = self._taken[0] if len(self._taken) == self._taken.maxlen else None
        if oldest is not None and now - oldest < self._window:
            return False
        self._taken.append(now)
        return True


class ProcessFailed(StackError):
    """A part cannot be had. The end of its log is the reason."""

    def __init__(self, part: ServiceProcess, what: str, folder: DataDirectory) -> None:
        """`what` completes a sentence that begins with the part's name."""
        log = folder.log_of(part.name)
        super().__init__(f"{part.name} {what}. The end of {log}:\n{last_lines(log)}")


class Supervisor:
    """The processes of a stack."""

    def __init__(
        self,
        parts: Sequence[ServiceProcess],
        folder: DataDirectory,
        *,
        budget: RestartBudget | None,
        tell: Callable[[str], None],
        start_limit_seconds: float = START_LIMIT_SECONDS,
    ) -> None:
        """Without a budget a part that dies stays dead."""
        self._parts = {part.name: part for part in parts}
        self._folder = folder
        self._budget = budget
        self._tell = tell
        self._start_limit_seconds = start_limit_seconds
        self._processes: dict[str, RunningProcess] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._failure: asyncio.Queue[BaseException] = asyncio.Queue()

    def empty_logs(self) -> None:
        """What an earlier stack wrote would only mislead."""
        for name in self._parts:
            self._folder.log_of(name).write_bytes(b"")

    async def start_all(self) -> None:
        """Starts each part once its predecessors are healthy. Raises PartFailed."""
        for name in self._parts:
            await self.start(name)

    async def start(self, name: str) -> None:
        """Starts one part that is not running and waits for its health. Raises PartFailed."""
        part = self._parts[name]
        if self._is_alive(name):
            raise ValueError(f"{name} is running")
        await self._bring_up(part)
        if not self._is_alive(name):
            raise ProcessFailed(
                part, f"ended ({await self._processes[name].ended()})", self._folder
            )
        if self._budget is not None:
            self._watch(part, self._budget)

    async def kill(self, name: str) -> None:
        """SIGKILL. The part stays dead until it is started again."""
        await self._unwatch(name)
        await self._processes[name].kill()

    async def stop_all(self) -> None:
        """Stops the last started part first, each before the next."""
        for name in list(self._watches):
            await self._unwatch(name)
        for name in reversed(self._parts):
            if self._is_alive(name):
                await self._processes[name].stop()

    def kill_all(self) -> None:
        """SIGKILL for everything, at once; a `stop_all` under way ends with it."""
        for process in self._processes.values():
            process.kill_now()

    async def failed(self) -> None:
        """Waits as long as all goes well, then raises what went wrong."""
        raise await self._failure.get()

    def _is_alive(self, name: str) -> bool:
        return name in self._processes and self._processes[name].alive

    async def _bring_up(self, part: ServiceProcess) -> None:
        """Returns when the part is healthy or has ended; raises PartFailed when it is neither."""
        process = await start_process(part, self._folder.log_of(part.name))
        self._processes[part.name] = process
        limit = self._start_limit_seconds
        healthy = await becomes_healthy(
            part.is_healthy, lambda: process.alive, within_seconds=limit
        )
        if process.alive and not healthy:
            raise ProcessFailed(part, f"was not healthy within {limit:g} seconds", self._folder)

    def _watch(self, part: ServiceProcess, budget: RestartBudget) -> None:
        watch = asyncio.create_task(self._keep_alive(part, budget))
        watch.add_done_callback(self._note_failure)
        self._watches[part.name] = watch

    async def _unwatch(self, name: str) -> None:
        watch = self._watches.pop(name, None)
        if watch is not None:
            watch.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await watch

    async def _keep_alive(self, part: ServiceProcess, budget: RestartBudget) -> None:
        while True:
            ending = await self._processes[part.name].ended()
            if not budget.take():
                raise ProcessFailed(part, f"ended ({ending}), once too often", self._folder)
            self._tell(f"{part.name} ended ({ending}); it is started again.")
            await self._bring_up(part)
            if self._is_alive(part.name):
                self._tell(f"{part.name} is back.")

    def _note_failure(self, watch: asyncio.Task[None]) -> None:
        if not watch.cancelled() and (error := watch.exception()):
            self._failure.put_nowait(error)
