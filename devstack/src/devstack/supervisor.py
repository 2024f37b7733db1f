"""Starts, stops and restarts the services of a stack."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from devstack.data_dir import DataDirectory
from devstack.errors import StackError
from devstack.health import START_LIMIT_SECONDS, becomes_healthy
from devstack.process import RunningProcess, last_lines, start_process
from devstack.processes import ServiceProcess
from runtime.clock import Clock

RESTART_LIMIT = 5
RESTART_WINDOW = timedelta(minutes=1)


class RestartBudget:
    """At most `limit` restarts within a window, for all services together."""

    def __init__(
        self, clock: Clock, limit: int = RESTART_LIMIT, window: timedelta = RESTART_WINDOW
    ) -> None:
        self._clock = clock
        self._window = window
        self._restarts: deque[timedelta] = deque(maxlen=limit)

    def take(self) -> bool:
        """Takes one restart; returns False if the limit is reached."""
        now = self._clock.monotonic()
        is_full = len(self._restarts) == self._restarts.maxlen
        if is_full and now - self._restarts[0] < self._window:
            return False
        self._restarts.append(now)
        return True


class ProcessFailed(StackError):
    """A service cannot start or has failed too often. The message has the end of its log."""

    def __init__(self, service: ServiceProcess, problem: str, folder: DataDirectory) -> None:
        """`problem` completes a sentence that begins with the service's name."""
        log = folder.log_of(service.name)
        super().__init__(f"{service.name} {problem}. The end of {log}:\n{last_lines(log)}")


class Supervisor:
    """The processes of a stack."""

    def __init__(
        self,
        processes: Sequence[ServiceProcess],
        folder: DataDirectory,
        *,
        budget: RestartBudget | None,
        notify: Callable[[str], None],
        start_limit_seconds: float = START_LIMIT_SECONDS,
    ) -> None:
        """Without a budget services are not restarted."""
        self._services = {service.name: service for service in processes}
        self._folder = folder
        self._budget = budget
        self._notify = notify
        self._start_limit_seconds = start_limit_seconds
        self._processes: dict[str, RunningProcess] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._failure: asyncio.Queue[BaseException] = asyncio.Queue()

    def empty_logs(self) -> None:
        """Empties the logs of an earlier run."""
        for name in self._services:
            self._folder.log_of(name).write_bytes(b"")

    async def start_all(self) -> None:
        """Starts each service after the previous one is healthy. Raises ProcessFailed."""
        for name in self._services:
            await self.start(name)

    async def start(self, name: str) -> None:
        """Starts one service and waits until it is healthy. Raises ProcessFailed."""
        service = self._services[name]
        if self._is_alive(name):
            raise ValueError(f"{name} is running")
        await self._start_and_wait(service)
        if not self._is_alive(name):
            ending = await self._processes[name].ended()
            raise ProcessFailed(service, f"ended ({ending})", self._folder)
        if self._budget is not None:
            self._watch(service, self._budget)

    async def kill(self, name: str) -> None:
        """Sends SIGKILL. The service is not restarted automatically."""
        await self._unwatch(name)
        await self._processes[name].kill()

    async def stop_all(self) -> None:
        """Stops the services in reverse order, one after the other."""
        for name in list(self._watches):
            await self._unwatch(name)
        for name in reversed(self._services):
            if self._is_alive(name):
                await self._processes[name].stop()

    def kill_all(self) -> None:
        """Sends SIGKILL to all processes; a running `stop_all` returns then."""
        for process in self._processes.values():
            process.kill_now()

    async def failed(self) -> None:
        """Waits for the first failure and raises it."""
        raise await self._failure.get()

    def _is_alive(self, name: str) -> bool:
        return name in self._processes and self._processes[name].alive

    async def _start_and_wait(self, service: ServiceProcess) -> None:
        """Returns when the service is healthy or has ended; otherwise raises ProcessFailed."""
        process = await start_process(service, self._folder.log_of(service.name))
        self._processes[service.name] = process
        limit = self._start_limit_seconds
        healthy = await becomes_healthy(
            service.is_healthy, lambda: process.alive, within_seconds=limit
        )
        if process.alive and not healthy:
            raise ProcessFailed(service, f"was not healthy within {limit:g} seconds", self._folder)

    def _watch(self, service: ServiceProcess, budget: RestartBudget) -> None:
        watch = asyncio.create_task(self._keep_alive(service, budget))
        watch.add_done_callback(self._record_failure)
        self._watches[service.name] = watch

    async def _unwatch(self, name: str) -> None:
        watch = self._watches.pop(name, None)
        if watch is not None:
            watch.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await watch

    async def _keep_alive(self, service: ServiceProcess, budget: RestartBudget) -> None:
        while True:
            ending = await self._processes[service.name].ended()
            if not budget.take():
                raise ProcessFailed(service, f"ended ({ending}) too often", self._folder)
            self._notify(f"{service.name} ended ({ending}); restarting it.")
            await self._start_and_wait(service)
            if self._is_alive(service.name):
                self._notify(f"{service.name} is running again.")

    def _record_failure(self, watch: asyncio.Task[None]) -> None:
        if not watch.cancelled() and (error := watch.exception()):
            self._failure.put_nowait(error)
