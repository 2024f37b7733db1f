"""Starts the background loops of each pool."""

import asyncio
from collections.abc import Callable, Coroutine

from conversation_service.application.admin.pool_seeding import PoolSeeder
from conversation_service.application.pools import PoolContext, PoolDirectory

# A pool created by another replica gets its dispatcher and its expiry here this soon. Inbound
# messages do not wait for that: the pool of a number is looked up when a message arrives.
INTERVAL_SECONDS = 1.0

Loop = Coroutine[None, None, None]


class PoolSupervisor:
    """Seeds the pools once, then starts the loops of every pool that it has not seen before."""

    def __init__(
        self,
        directory: PoolDirectory,
        seeder: PoolSeeder,
        loops_for: Callable[[PoolContext], list[Loop]],
    ) -> None:
        self._directory = directory
        self._seeder = seeder
        self._loops_for = loops_for
        self._tasks: dict[str, list[asyncio.Task[None]]] = {}
        self.is_ready = False

    async def run_once(self) -> float:
        """Sets `is_ready` when it has succeeded for the first time."""
        if not self.is_ready:
            await self._seeder.seed_all()
        await self._directory.refresh()
        for pool in self._directory.pools:
            if pool.name not in self._tasks:
                self._tasks[pool.name] = list(map(asyncio.create_task, self._loops_for(pool)))
        self.is_ready = True
        return INTERVAL_SECONDS

    async def close(self) -> None:
        """Cancels all loops and waits for them."""
        tasks = [task for loops in self._tasks.values() for task in loops]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
