"""Breaks what the plan says, mends it again, and counts what really happened."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from chaos.plan.fault_plan import Blow, Harm, Hurt, Kill, Spoil
from chaos.traffic.carrier import CarrierControl
from chaos.deployment.processes import Deployment
from chaos.deployment.tcp_proxy import Wire


@dataclass(frozen=True, slots=True)
class Injected:
    """What was done, counted: kills by process, and harms by wire."""

    kills: Counter[str] = field(default_factory=Counter)
    harms: Counter[str] = field(default_factory=Counter)


class Chaos:
    """Works a plan of blows off; several may hurt at the same time."""

    def __init__(self, deployment: Deployment, carrier: CarrierControl) -> None:
        self._deployment = deployment
        self._carrier = carrier
        self._down: set[str] = set()
        self.injected = Injected()

    async def rage(self, planned: Sequence[tuple[float, Blow]]) -> None:
        """Returns when all of it has been done and mended."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with asyncio.TaskGroup() as blows:
            for at, blow in planned:
                await asyncio.sleep(begun + at - loop.time())
                blows.create_task(self._strike(blow))

    async def _strike(self, blow: Blow) -> None:
        match blow:
            case Kill(parts, down_seconds):
                await self._kill(parts, down_seconds)
            case Hurt(wire, harm, seconds):
                self.injected.harms[f"{harm} {wire}"] += 1
                await _hurt(self._deployment.wires[wire], harm, seconds)
            case Spoil(fault):
                await self._carrier.spoil(fault)

    async def _kill(self, parts: Sequence[str], down_seconds: float) -> None:
        """A part that is down already, or not yet well again, is left alone."""
        victims = [part for part in parts if part not in self._down]
        self._down.update(victims)
        for part in victims:
            self.injected.kills[part] += 1
            await self._deployment.kill(part)
        await asyncio.sleep(down_seconds)
        await asyncio.gather(*map(self._deployment.start, victims))
        self._down.difference_update(victims)


async def _hurt(wire: Wire, harm: Harm, seconds: float) -> None:
    """Two harms of one kind to one wire end with the first: none lasts longer than planned."""
    match harm:
        case Harm.CUT:
            wire.cut()
        case Harm.REFUSE:
            wire.refuses = True
            wire.cut()
            await asyncio.sleep(seconds)
            wire.refuses = False
        case Harm.STALL:
            wire.stall()
            await asyncio.sleep(seconds)
            wire.flow()
        case Harm.LOSE_ANSWERS:
            wire.loses_answers = True
            await asyncio.sleep(seconds)
            wire.loses_answers = False
