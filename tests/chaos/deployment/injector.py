"""Injects planned faults, repairs them, and counts what really happened."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from chaos.deployment.processes import Deployment
from chaos.deployment.tcp_proxy import TcpProxy
from chaos.plan.fault_plan import CarrierFault, Disrupt, Disruption, Kill, PlannedFault, StepClock
from chaos.traffic.carrier import CarrierControl


@dataclass(frozen=True, slots=True)
class Injected:
    """Numbers of kills and clock steps by process, and of disruptions by connection."""

    kills: Counter[str] = field(default_factory=Counter)
    disruptions: Counter[str] = field(default_factory=Counter)
    clock_steps: Counter[str] = field(default_factory=Counter)


class Injector:
    """Several faults may be there at the same time."""

    def __init__(self, deployment: Deployment, carrier: CarrierControl) -> None:
        self._deployment = deployment
        self._carrier = carrier
        self._down: set[str] = set()
        self.injected = Injected()

    async def inject(self, planned: Sequence[tuple[float, PlannedFault]]) -> None:
        """Returns when all faults are over."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        async with asyncio.TaskGroup() as faults:
            for at, planned_fault in planned:
                await asyncio.sleep(started + at - loop.time())
                faults.create_task(self._inject(planned_fault))

    async def _inject(self, planned_fault: PlannedFault) -> None:
        match planned_fault:
            case Kill(parts, down_seconds):
                await self._kill(parts, down_seconds)
            case Disrupt(connection, disruption, seconds):
                self.injected.disruptions[f"{disruption} {connection}"] += 1
                await _disrupt(self._deployment.proxies[connection], disruption, seconds)
            case StepClock(part, offset_seconds, seconds):
                await self._step_clock(part, offset_seconds, seconds)
            case CarrierFault(fault):
                await self._carrier.add_fault(fault)

    async def _step_clock(self, part: str, offset_seconds: float, seconds: float) -> None:
        """Overlapping steps of one part end with the first."""
        self.injected.clock_steps[f"{part} {offset_seconds:+g} s"] += 1
        self._deployment.set_clock(part, offset_seconds)
        await asyncio.sleep(seconds)
        self._deployment.set_clock(part, 0)

    async def _kill(self, parts: Sequence[str], down_seconds: float) -> None:
        """Skips parts that are down or not yet healthy again."""
        killed = [part for part in parts if part not in self._down]
        self._down.update(killed)
        for part in killed:
            self.injected.kills[part] += 1
            await self._deployment.kill(part)
        await asyncio.sleep(down_seconds)
        await asyncio.gather(*map(self._deployment.start, killed))
        self._down.difference_update(killed)


async def _disrupt(proxy: TcpProxy, disruption: Disruption, seconds: float) -> None:
    """Overlapping disruptions of one kind end with the first."""
    match disruption:
        case Disruption.CUT:
            proxy.cut()
        case Disruption.REFUSE:
            proxy.refuses = True
            proxy.cut()
            await asyncio.sleep(seconds)
            proxy.refuses = False
        case Disruption.STALL:
            proxy.stall()
            await asyncio.sleep(seconds)
            proxy.resume()
        case Disruption.LOSE_RESPONSES:
            proxy.loses_responses = True
            await asyncio.sleep(seconds)
            proxy.loses_responses = False
