"""Maskline as real processes, two of each service that may have two, behind wires."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from faults.blows import WIRES
from faults.surroundings import environment, free_ports
from faults.wire import LOOPBACK, Wire

from devstack.data_dir import DataDirectory
from devstack.processes import (
    ServiceProcess,
    ServiceUrls,
    conversation_service,
    embedded_redis,
    gateway,
    messaging_service,
    simulator,
)
from devstack.redis_url import embedded_url
from devstack.supervisor import Supervisor

LISTENERS = (
    "valkey",
    "simulator",
    "messaging_1",
    "messaging_2",
    "conversation_1",
    "conversation_2",
    "gateway",
)

# What a wire leads to.
TARGETS: Mapping[str, tuple[str, ...]] = {
    "valkey": ("valkey",),
    "conversation": ("conversation_1", "conversation_2"),
    "messaging": ("messaging_1", "messaging_2"),
    "carrier": ("simulator",),
    "gateway": ("gateway",),
}


class Deployment:
    """`await open()`, then parts can be killed and started, and wires hurt."""

    def __init__(self, folder: Path) -> None:
        """`folder` keeps the data and the logs."""
        self._folder = DataDirectory(folder)
        self._ports = dict(zip(LISTENERS, free_ports(), strict=False))
        self.wires = {name: Wire(self._targets(name)) for name in WIRES}
        self._supervisor: Supervisor | None = None

    @property
    def simulator_url(self) -> str:
        """Where tests reach the carrier, past all wires."""
        return _http(self._ports["simulator"])

    @property
    def redis_url(self) -> str:
        """Where tests reach Valkey, past all wires."""
        return embedded_url(self._ports["valkey"])

    @property
    def logs(self) -> Path:
        """One file a part."""
        return self._folder.logs

    async def open(self) -> None:
        """Starts everything. Raises StackError."""
        for folder in (self._folder.valkey, self._folder.logs):
            folder.mkdir(parents=True, exist_ok=True)
        self._folder.make_keys()
        for wire in self.wires.values():
            await wire.open()
        parts = list(self._parts())
        self._supervisor = Supervisor(parts, self._folder, budget=None, tell=print)
        await self._supervisor.start("valkey")
        await asyncio.gather(*map(self._supervisor.start, LISTENERS[1:]))

    async def close(self) -> None:
        """Ends everything; what was written stays."""
        if self._supervisor is not None:
            self._supervisor.kill_all()
            await self._supervisor.stop_all()
        for wire in self.wires.values():
            await wire.close()

    async def kill(self, part: str) -> None:
        """SIGKILL."""
        await self._running.kill(part)

    async def start(self, part: str) -> None:
        """Starts what was killed, and waits until it is well. Raises StackError."""
        await self._running.start(part)

    @property
    def _running(self) -> Supervisor:
        assert self._supervisor is not None
        return self._supervisor

    def _targets(self, wire: str) -> list[int]:
        return [self._ports[part] for part in TARGETS[wire.partition(">")[2]]]

    def _parts(self) -> Iterator[ServiceProcess]:
        person = environment(self._folder)
        yield embedded_redis(self._ports["valkey"], self._folder, person)
        yield simulator(self._urls(gateway_url=self._wire("carrier>gateway")), person)
        for name in ("messaging_1", "messaging_2"):
            urls = self._urls(
                messaging_target=self._own(name),
                redis_url=f"redis://{self._wire_address(f'{name}>valkey')}/0",
                simulator_url=self._wire("messaging>carrier"),
                gateway_url=self._wire("carrier>gateway"),
            )
            yield replace(messaging_service(urls, self._folder, person), name=name)
        for name in ("conversation_1", "conversation_2"):
            urls = self._urls(
                conversation_target=self._own(name),
                redis_url=f"redis://{self._wire_address(f'{name}>valkey')}/0",
                messaging_target=self._wire_address("conversation>messaging"),
            )
            yield replace(conversation_service(urls, self._folder, person), name=name)
        yield gateway(
            self._urls(conversation_target=self._wire_address("gateway>conversation")), person
        )

    def _urls(self, **changes: str) -> ServiceUrls:
        """Each part is told of the others what a wire leads to, and of itself where it listens."""
        direct = ServiceUrls(
            gateway_url=_http(self._ports["gateway"]),
            simulator_url=self.simulator_url,
            conversation_target="",
            messaging_target="",
            redis_url=self.redis_url,
        )
        return replace(direct, **changes)

    def _own(self, part: str) -> str:
        return f"{LOOPBACK}:{self._ports[part]}"

    def _wire_address(self, name: str) -> str:
        return f"{LOOPBACK}:{self.wires[name].port}"

    def _wire(self, name: str) -> str:
        return f"http://{self._wire_address(name)}"


def _http(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"
