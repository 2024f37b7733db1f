"""Rules of operators, of the carrier's refusals and of time."""

from datetime import timedelta

from model.people import TICK
from model.reference.state import PoolModel
from model.rules import draws
from model.rules.base import Rules, at, rule
from model.rules.draws import Typed


class OperatorRules(Rules):
    """Changes of pools and numbers; what happens without a call."""

    @rule(
        pool=draws.pool_name,
        number=draws.masked_number,
        change=draws.one_of("add", "reserve", "release", "drain", "activate", "remove"),
    )
    async def operator_changes_number(self, pool: str, number: str, change: str) -> None:
        changed = self.pool(pool)
        match change:
            case "add":
                await self.runner.add_number(changed, number, is_reserved=False)
            case "drain":
                await self.runner.drain_number(changed, number)
            case "activate":
                await self.runner.activate_number(changed, number)
            case "remove":
                await self.runner.remove_number(changed, number)
            case _:
                reserves = change == "reserve"
                await self.runner.reserve_number(changed, number, is_reserved=reserves)

    @rule(number=draws.masked_number)
    async def operator_moves_number(self, number: str) -> None:
        owner = self.runner.model.pool_of(number)
        for pool in self.runner.model.pools.values():
            if owner is not None and pool is not owner:
                await self.runner.remove_number(owner, number)
                await self.runner.add_number(pool, number, is_reserved=False)

    @rule(pool=draws.pool_name, setting=draws.setting)
    async def operator_switches(self, pool: str, setting: str) -> None:
        await self.runner.switch(self.pool(pool), setting)

    @rule(when=lambda self: self.runner.number_requests, index=draws.index)
    async def operator_repeats_a_call(self, index: int) -> None:
        request = at(index, self.runner.number_requests)
        await self.runner.repeat_number_request(request)

    @rule(person=draws.person)
    async def operator_imports_an_opt_out(self, person: str) -> None:
        await self.runner.import_opt_out(person)

    @rule(when=lambda self: self.blocked(), index=draws.index)
    async def operator_deletes_the_blocks_of_a_pair(self, index: int) -> None:
        await self.runner.delete_blocks(*at(index, self.blocked()))

    @rule(person=draws.person, blocks=draws.one_of(True, False, False))
    async def carrier_blocks(self, person: str, blocks: bool) -> None:
        await self.runner.carrier_blocks(person, blocks=blocks)

    @rule()
    async def moment_passes(self) -> None:
        await self.runner.move_clock(TICK, runs_jobs=True)

    @rule(duration=draws.duration, runs_jobs=draws.boolean)
    async def time_passes(self, duration: timedelta, runs_jobs: bool) -> None:
        await self.runner.move_clock(duration, runs_jobs=runs_jobs)

    @rule(when=Rules.active, index=draws.index, typed=draws.typed)
    async def message_arrives_when_the_time_is_over(self, index: int, typed: Typed) -> None:
        route, _ = self.routes_of_active(index)
        left = at(index // 2, self.active()).next_end - self.runner.model.now
        # It may be over already: no job has ended it since.
        await self.runner.move_clock(max(timedelta(0), left), runs_jobs=False)
        await self.receive(self.message(route, *typed))

    def blocked(self) -> list[tuple[PoolModel, str, str]]:
        """Pairs of whom one has blocked the other, in their pools."""
        pools = self.runner.model.pools.values()
        return [
            (pool, first, second)
            for pool in pools
            for first, second in sorted(map(sorted, pool.blocked))
        ]
