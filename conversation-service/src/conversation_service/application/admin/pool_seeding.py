"""Creates and updates pools from the pools file."""

from collections.abc import Sequence
from hashlib import sha256

import structlog

from conversation_service.application.pools import PoolDirectory
from conversation_service.domain.commands.operator.pools import CreatePool, ReseedPool
from conversation_service.domain.errors import (
    ConversationError,
    MaskedNumberAlreadyAssigned,
    PoolAlreadyExists,
)
from conversation_service.domain.model.pool import SeededPool
from conversation_service.store.deployment.pool_index import PoolIndex

log = structlog.get_logger()


class PoolSeeder:
    """Seeds pools. A pool that an operator has changed since is left as it is."""

    def __init__(
        self, pools: Sequence[SeededPool], directory: PoolDirectory, index: PoolIndex
    ) -> None:
        self._pools = pools
        self._directory = directory
        self._index = index

    async def seed_all(self) -> None:
        """Idempotent: every replica calls it when it starts."""
        for pool in self._pools:
            try:
                await self._seed(pool)
            except ConversationError as refusal:
                # For example, another pool owns one of its numbers. The other pools still serve.
                log.error("pool_not_seeded", pool=pool.name, reason=refusal.reason)

    async def _seed(self, pool: SeededPool) -> None:
        context = self._directory.uncreated(pool.name)
        existing = await context.executor.reload()
        if existing.version and not existing.is_seeded:
            await self._index.add(pool.name)
            return
        numbers = [number.phone_number for number in pool.numbers]
        if taken := await self._index.claim_numbers(pool.name, numbers):
            raise MaskedNumberAlreadyAssigned(f"masked_numbers[{taken.position}]", taken.pool)
        try:
            if existing.version:
                request_id = f"{_digest(pool)} {existing.version}"
                await context.executor.run(ReseedPool(request_id, pool.settings, pool.numbers))
            else:
                seed = CreatePool("seed", pool.settings, pool.numbers, is_seed=True)
                await context.executor.run(seed)
        except PoolAlreadyExists:
            # Another replica was first.
            pass
        await self._index.add(pool.name)


def _digest(pool: SeededPool) -> str:
    return sha256(repr(pool).encode()).hexdigest()[:32]
