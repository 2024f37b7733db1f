"""All of Maskline on one machine."""

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
    """`async with Stack(Ports(), Path(".data")) as stack:` and everything runs.

    Entering it raises StackError when something cannot start; nothing runs then.
    """

    def __init__(
        self,
        ports: Ports,
        data_folder: Path,
        *,
        redis_url: str | None = None,
        environment: Environment | None = None,
        restart: bool = True,
        tell: Callable[[str], None] = print,
        clock: Clock | None = None,
    ) -> None:
        """`redis_url` replaces the embedded server; `environment` is added to every part's.

        A part that dies is started again, in a budget, unless `restart` is off.
        """
        self.urls = urls_of(ports, redis_url)
        self._folder = DataDirectory(data_folder)
        person = {**os.environ, **(environment or {})}
        embedded = [] if redis_url else [embedded_redis(ports.valkey, self._folder, person)]
        parts = [*embedded, *services(self.urls, self._folder, person)]
        self._ports = _ports_of(parts, ports)
        budget = RestartBudget(clock or SystemClock()) if restart else None
        self._supervisor = Supervisor(parts, self._folder, budget=budget, tell=tell)
        self._held = ExitStack()

    async def __aenter__(self) -> Self:
        """Starts everything, in order, each part once the one before is healthy."""
        refuse_taken_ports(self._ports)
        with ExitStack() as held:
            held.enter_context(self._folder.locked())
            self._folder.make_keys()
            self._supervisor.empty_logs()
            try:
                await self._supervisor.start_all()
            except BaseException:
                await self._supervisor.stop_all()
                raise
            self._held = held.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops everything, in reverse."""
        with self._held:
            await self.stop_all()

    async def start_all(self) -> None:
        """Starts everything again after `stop_all`."""
        await self._supervisor.start_all()

    async def start(self, part: str) -> None:
        """Starts a part that was killed, and waits until it is healthy."""
        await self._supervisor.start(part)

    async def kill(self, part: str) -> None:
        """SIGKILL. The part stays dead until it is started."""
        await self._supervisor.kill(part)

    async def stop_all(self) -> None:
        """Stops every part, in reverse. Each may be started again."""
        await self._supervisor.stop_all()

    def kill_all(self) -> None:
        """SIGKILL for every part, for somebody who does not want to wait for a stop."""
        self._supervisor.kill_all()

    async def failed(self) -> None:
        """Waits as long as all goes well, then raises why it does no longer."""
        await self._supervisor.failed()


def _ports_of(parts: list[ServiceProcess], ports: Ports) -> dict[str, int]:
    started = {part.name for part in parts}
    return {name: port for name, port in ports.by_part().items() if name in started}
