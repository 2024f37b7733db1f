"""Periodic jobs of one pool: expiry of conversations, and maintenance of what is kept."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from conversation_service.application.executor import Executor
from conversation_service.application.restore_guard import IsOpen
from conversation_service.domain.commands.system.expire import ExpireConversation
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.deployment.usage_samples import HOUR, UsageSample, UsageSamples
from conversation_service.store.event_log import EventLog
from runtime.clock import SharedClock

# Inbound messages that come meanwhile wait for one batch at most: some milliseconds.
BATCH = 16

# After a full batch the next one waits this many times as long as it took: inbound messages have
# three quarters of the time, however many conversations are due and however busy Redis is.
PAUSE_RATIO = 3

EXPIRY_PAUSE_SECONDS = 1.0

MAINTENANCE_PAUSE_SECONDS = 60.0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Expiry:
    """Expires and purges conversations of one pool. Safe to run on several replicas."""

    def __init__(
        self, executor: Executor, store: ConversationRepository, clock: SharedClock, is_open: IsOpen
    ) -> None:
        self._executor = executor
        self._is_open = is_open
        self._store = store
        self._clock = clock

    async def run_once(self) -> float:
        """Takes the conversations that are longest overdue."""
        if not (self._clock.is_synchronized() and await self._is_open()):
            return EXPIRY_PAUSE_SECONDS
        now, start = self._clock.now(), self._clock.monotonic()
        due = await self._store.due(now, BATCH)
        expiring = [
            ExpireConversation(conversation.conversation_id, conversation.etag)
            for conversation in due
            if conversation.is_live
        ]
        ended = [conversation for conversation in due if not conversation.is_live]
        if expiring:
            await self._executor.run_all(expiring)
        if ended:
            await self._store.purge(ended)
        if len(due) < BATCH:
            return EXPIRY_PAUSE_SECONDS
        return PAUSE_RATIO * (self._clock.monotonic() - start).total_seconds()


class Maintenance:
    """Samples the usage of one pool and trims its event log. Safe to run on several replicas."""

    def __init__(
        self,
        store: ConversationRepository,
        event_log: EventLog,
        samples: UsageSamples,
        settings: Callable[[], Awaitable[PoolSettings]],
        clock: SharedClock,
    ) -> None:
        """`settings` loads the pool's current settings."""
        self._store = store
        self._event_log = event_log
        self._samples = samples
        self._settings = settings
        self._clock = clock

    async def run_once(self) -> float:
        """Samples once an hour, trims each minute."""
        if not self._clock.is_synchronized():
            return MAINTENANCE_PAUSE_SECONDS
        now = self._clock.now()
        hour = now - (now - _EPOCH) % HOUR
        if not await self._samples.has(hour):
            await self._samples.add(await self._sample(hour))
        await self._event_log.trim(now, (await self._settings()).retention.events)
        return MAINTENANCE_PAUSE_SECONDS

    async def _sample(self, hour: datetime) -> UsageSample:
        return UsageSample(hour, await self._store.live(), await self._store.max_held())
