"""The pools of the pools file become pools of the deployment."""

from collections.abc import Sequence
from hashlib import sha256

import structlog

from conversation_service.application.pools import PoolDirectory
from conversation_service.domain.commands.operator.pools import CreatePool, ReseedPool
from conversation_service.domain.errors import ConversationError, NumberTaken, PoolExists
from conversation_service.domain.model.pool import SeededPool
from conversation_service.store.deployment.pool_index import PoolIndex

log = structlog.get_logger()


class PoolSeeder:
    """Creates what is not there yet. What has been changed by an operator is left as it is."""

    def __init__(
        self, pools: Sequence[SeededPool], directory: PoolDirectory, registry: PoolIndex
    ) -> None:
        self._pools = pools
        self._directory = directory
        self._registry = registry

    async def seed_all(self) -> None:
        """All replicas do so when they start; each change is made once."""
        for pool in self._pools:
            try:
                await self._seed(pool)
            except ConversationError as refusal:
                # Another pool has its number, say: the others serve all the same.
                log.error("pool_not_seeded", pool=pool.name, reason=refusal.reason)

    async def _seed(self, pool: SeededPool) -> None:
        opened = self._directory.uncreated(pool.name)
        known = await opened.executor.reload()
        if known.version and not known.is_seeded:
            await self._registry.enter(pool.name)
            return
        if not await self._registry.claim(pool.name, [one.phone_number for one in pool.numbers]):
            raise NumberTaken
        try:
            name = f"{_digest(pool)} {known.version}"
            if known.version:
                await opened.executor.run(ReseedPool(name, pool.settings, pool.numbers))
            else:
                seed = CreatePool("seed", pool.settings, pool.numbers, is_seed=True)
                await opened.executor.run(seed)
        except PoolExists:
            # Another replica was first.
            pass
        await self._registry.enter(pool.name)


def _digest(pool: SeededPool) -> str:
    return sha256(repr(pool).encode()).hexdigest()[:32]
