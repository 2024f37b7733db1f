"""All services on one machine, for `make run` and tests."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from devstack.data_dir import DataDirectory
from devstack.ports import Ports, refuse_taken_ports
from devstack.processes import Environment, ServiceProcess, embedded_redis, services, urls_of
from devstack.supervisor import RestartBudget, Supervisor
from runtime.clock import Clock, SystemClock


class Stack:
    """`async with Stack(Ports(), Path(".data")) as stack:` runs all services.

    Entering it raises StackError if a service cannot start, and stops the others.
    """

    def __init__(
        self,
        ports: Ports,
        data_folder: Path,
        *,
        redis_url: str | None = None,
        environment: Environment | None = None,
        restart: bool = True,
        notify: Callable[[str], None] = print,
        clock: Clock | None = None,
    ) -> None:
        """`redis_url` replaces the embedded server; `environment` is added to every service's."""
        self.urls = urls_of(ports, redis_url)
        self._folder = DataDirectory(data_folder)
        user = {**os.environ, **(environment or {})}
        redis = [] if redis_url else [embedded_redis(ports.valkey, self._folder, user)]
        processes = [*redis, *services(self.urls, self._folder, user)]
        self._ports = _ports_of(processes, ports)
        budget = RestartBudget(clock or SystemClock()) if restart else None
        self._supervisor = Supervisor(processes, self._folder, budget=budget, notify=notify)

    async def __aenter__(self) -> Self:
        """Starts the services in order, each after the previous one is healthy."""
        refuse_taken_ports(self._ports)
        with ExitStack() as resources:
            resources.enter_context(self._folder.locked())
            self._folder.make_keys()
            self._supervisor.empty_logs()
            try:
                await self._supervisor.start_all()
            except BaseException:
                await self._supervisor.stop_all()
                raise
            self._lock = resources.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops the services in reverse order."""
        with self._lock:
            await self.stop_all()

    async def start_all(self) -> None:
        """Starts all services again after `stop_all`."""
        await self._supervisor.start_all()

    async def start(self, service: str) -> None:
        """Starts a killed service and waits until it is healthy."""
        await self._supervisor.start(service)

    async def kill(self, service: str) -> None:
        """Sends SIGKILL. The service is not restarted automatically."""
        await self._supervisor.kill(service)

    async def stop_all(self) -> None:
        """Stops the services in reverse order. They may be started again."""
        await self._supervisor.stop_all()

    def kill_all(self) -> None:
        """Sends SIGKILL to every service."""
        self._supervisor.kill_all()

    async def failed(self) -> None:
        """Waits for the first failure and raises it."""
        await self._supervisor.failed()


def _ports_of(processes: list[ServiceProcess], ports: Ports) -> dict[str, int]:
    started = {service.name for service in processes}
    return {name: port for name, port in ports.by_service().items() if name in started}
