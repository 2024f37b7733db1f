"""The executor of one pool as a replica has it, whose commits may crash."""

from collections.abc import Sequence
from dataclasses import replace

from redis.asyncio import Redis

from conversation_service.application.executor import Executor
from conversation_service.application.ids import RandomIds
from conversation_service.application.pools import PoolContext
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.model.pool import Pool
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, CommitOutcome, Committed
from conversation_service.store.deployment.suppression_list import SuppressionList
from conversation_service.store.deployment.usage_samples import UsageSamples
from conversation_service.store.event_log import EventLog
from conversation_service.store.outbox.outbox import Outbox
from support.builders.conversations import POOL, pool_storage
from support.clock import ManualClock

NEW_POOL = replace(POOL, version="")


class Crash(Exception):
    """The process ends."""


class CrashingRepository(ConversationRepository):
    """Crashes at the commit as often as a test wants."""

    crashes = 0

    async def commit(self, commits: Sequence[Commit]) -> list[CommitOutcome]:
        if self.crashes:
            self.crashes -= 1
            raise Crash
        return await super().commit(commits)


class Replica:
    """One pool as a replica has it."""

    def __init__(self, redis: Redis, clock: ManualClock) -> None:
        storage = pool_storage(redis)
        self.redis = redis
        self.clock = clock
        self.store = CrashingRepository(storage)
        self.suppression = SuppressionList(redis)
        events = EventLog(storage)
        self.executor = Executor(
            NEW_POOL, self.store, self.suppression, events, clock, RandomIds(), self.is_open
        )
        outbox, samples = Outbox(storage, redis), UsageSamples(storage)
        self.context = PoolContext("main", self.executor, self.store, outbox, events, samples)

    async def is_open(self) -> bool:
        """No older copy of Redis is restored here."""
        return True

    async def change_pool(self, pool: Pool) -> None:
        """A change that this replica's executor does not see."""
        known = await self.store.pool() or NEW_POOL
        key = IdempotencyKey("seed", pool.version, ())
        commit = Commit(key, Change(pool=pool), self.clock.now(), known)
        assert await self.store.commit([commit]) == [Committed()]
