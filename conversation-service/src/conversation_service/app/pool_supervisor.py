"""Keeps the pools of this replica: seeds them once, then gets to know new ones."""

import asyncio
from collections.abc import Callable, Coroutine

from conversation_service.application.admin.pool_seeding import PoolSeeder
from conversation_service.application.pools import PoolContext, PoolDirectory

# A pool that another replica has created takes texts here this soon; its number is asked for at
# once, so only its dispatcher and its sweeper wait.
PAUSE_SECONDS = 1.0

Loop = Coroutine[None, None, None]


class PoolSupervisor:
    """Starts each pool's loops when the pool is first seen."""

    def __init__(
        self,
        directory: PoolDirectory,
        seeding: PoolSeeder,
        loops_of: Callable[[PoolContext], list[Loop]],
    ) -> None:
        self._directory = directory
        self._seeding = seeding
        self._loops_of = loops_of
        self._kept: dict[str, list[asyncio.Task[None]]] = {}
        self.is_ready = False

    async def run_once(self) -> float:
        """Until it has succeeded once, this replica is not well."""
        if not self.is_ready:
            await self._seeding.seed_all()
        await self._directory.refresh()
        for pool in self._directory.pools:
            if pool.name not in self._kept:
                self._kept[pool.name] = [asyncio.create_task(one) for one in self._loops_of(pool)]
        self.is_ready = True
        return PAUSE_SECONDS

    async def close(self) -> None:
        """Ends all loops."""
        tasks = [task for loops in self._kept.values() for task in loops]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
