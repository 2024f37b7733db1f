"""Maskline as processes, two of each gRPC service, connected through proxies."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from chaos.deployment.environment import environment, free_ports
from chaos.deployment.tcp_proxy import LOOPBACK, TcpProxy
from chaos.deployment.wrong_clock import set_offset
from chaos.plan.fault_plan import CONNECTIONS

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

TESTS = Path(__file__).resolve().parents[2]

LISTENERS = (
    "valkey",
    "simulator",
    "messaging_1",
    "messaging_2",
    "conversation_1",
    "conversation_2",
    "gateway",
)

# The parts at the end of a connection.
TARGETS: Mapping[str, tuple[str, ...]] = {
    "valkey": ("valkey",),
    "conversation": ("conversation_1", "conversation_2"),
    "messaging": ("messaging_1", "messaging_2"),
    "carrier": ("simulator",),
    "gateway": ("gateway",),
}


class Deployment:
    """`await open()`; then parts can be killed and started, and connections disrupted."""

    def __init__(self, folder: Path) -> None:
        """`folder` gets the data and the logs."""
        self._folder = DataDirectory(folder)
        self._ports = dict(zip(LISTENERS, free_ports(), strict=False))
        self.proxies = {name: TcpProxy(self._targets(name)) for name in CONNECTIONS}
        self._supervisor: Supervisor | None = None

    @property
    def simulator_url(self) -> str:
        """Where tests reach the carrier, without a proxy."""
        return _http(self._ports["simulator"])

    @property
    def redis_url(self) -> str:
        """Where tests reach Valkey, without a proxy."""
        return embedded_url(self._ports["valkey"])

    @property
    def logs(self) -> Path:
        """One file per part."""
        return self._folder.logs

    async def open(self) -> None:
        """Starts everything. Raises StackError."""
        for folder in (self._folder.valkey, self._folder.logs):
            folder.mkdir(parents=True, exist_ok=True)
        self._folder.make_keys()
        for proxy in self.proxies.values():
            await proxy.open()
        parts = list(self._parts())
        self._supervisor = Supervisor(parts, self._folder, budget=None, notify=print)
        await self._supervisor.start("valkey")
        await asyncio.gather(*map(self._supervisor.start, LISTENERS[1:]))

    async def close(self) -> None:
        """Ends everything; data and logs stay."""
        if self._supervisor is not None:
            self._supervisor.kill_all()
            await self._supervisor.stop_all()
        for proxy in self.proxies.values():
            await proxy.close()

    async def kill(self, part: str) -> None:
        """SIGKILL."""
        await self._running.kill(part)

    async def start(self, part: str) -> None:
        """Starts a killed part and waits until it is healthy. Raises StackError."""
        await self._running.start(part)

    def set_clock(self, part: str, offset_seconds: float) -> None:
        """Makes the clock of a part wrong, also after its next start; 0 makes it right."""
        set_offset(self._clock_file(part), offset_seconds)

    @property
    def _running(self) -> Supervisor:
        assert self._supervisor is not None
        return self._supervisor

    def _targets(self, connection: str) -> list[int]:
        return [self._ports[part] for part in TARGETS[connection.partition(">")[2]]]

    def _parts(self) -> Iterator[ServiceProcess]:
        base_environment = environment(self._folder)
        yield embedded_redis(self._ports["valkey"], self._folder, base_environment)
        yield self._simulator(base_environment)
        for name in ("messaging_1", "messaging_2"):
            urls = self._urls(
                messaging_target=self._own(name),
                redis_url=f"redis://{self._proxy_address(f'{name}>valkey')}/0",
                simulator_url=self._proxy_url("messaging>carrier"),
                gateway_url=self._proxy_url("carrier>gateway"),
            )
            service = messaging_service(urls, self._folder, base_environment)
            yield self._as_replica(service, name)
        for name in ("conversation_1", "conversation_2"):
            urls = self._urls(
                conversation_target=self._own(name),
                redis_url=f"redis://{self._proxy_address(f'{name}>valkey')}/0",
                messaging_target=self._proxy_address("conversation>messaging"),
            )
            service = conversation_service(urls, self._folder, base_environment)
            yield self._as_replica(service, name)
        yield gateway(
            self._urls(conversation_target=self._proxy_address("gateway>conversation")),
            base_environment,
        )

    def _simulator(self, base_environment: Mapping[str, str]) -> ServiceProcess:
        urls = self._urls(
            gateway_url=self._proxy_url("carrier>gateway"),
            messaging_target=self._own("messaging_1"),
        )
        service = simulator(urls, self._folder, base_environment)
        # The files of callbacks are fetched through the proxy too.
        public = {"SIMULATOR_PUBLIC_URL": self._proxy_url("messaging>carrier")}
        return replace(service, environment={**service.environment, **public})

    def _as_replica(self, service: ServiceProcess, name: str) -> ServiceProcess:
        self.set_clock(name, 0)
        python, _, package = service.command
        wrapper = "chaos.deployment.wrong_clock"
        command = (python, "-m", wrapper, str(self._clock_file(name)), package)
        own = {
            "PYTHONPATH": str(TESTS),
            "CONVERSATION_STATE_DIRECTORY": str(self._folder.path / f"{name}.state"),
        }
        environment = {**service.environment, **own}
        return replace(service, name=name, command=command, environment=environment)

    def _clock_file(self, part: str) -> Path:
        return self._folder.path / f"{part}.clock"

    def _urls(self, **changes: str) -> ServiceUrls:
        """Its own address for a part, a proxy for each of the others."""
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

    def _proxy_address(self, name: str) -> str:
        return f"{LOOPBACK}:{self.proxies[name].port}"

    def _proxy_url(self, name: str) -> str:
        return f"http://{self._proxy_address(name)}"


def _http(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"
