"""Ends what has expired and forgets what was kept long enough."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from conversation_service.application.executor import Executor
from conversation_service.domain.commands.system.expire import ExpireConversation
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.deployment.usage_samples import HOUR, UsageSample, UsageSamples
from conversation_service.store.event_log import EventLog
from runtime.clock import Clock

# One round holds up nothing else for long; a full one is followed by the next at once.
BATCH = 256

EXPIRY_PAUSE_SECONDS = 1.0


class Expiry:
    """One pool's sweeper. Several may sweep the same pool: each expiry is carried out once."""

    def __init__(self, executor: Executor, store: ConversationRepository, clock: Clock) -> None:
        self._executor = executor
        self._store = store
        self._clock = clock

    async def run_once(self) -> float:
        """Takes the conversations that are longest overdue."""
        now = self._clock.now()
        due = await self._store.due(now, BATCH)
        live = [ExpireConversation(one.conversation_id, one.etag) for one in due if one.is_live]
        over = [one.conversation_id for one in due if not one.is_live]
        if live:
            await self._executor.run_all(live)
        if over:
            await self._store.forget(over)
        return 0.0 if len(due) == BATCH else EXPIRY_PAUSE_SECONDS


MAINTENANCE_PAUSE_SECONDS = 60.0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Maintenance:
    """One pool's. Several replicas may keep the same house."""

    def __init__(
        self,
        store: ConversationRepository,
        journal: EventLog,
        samples: UsageSamples,
        settings: Callable[[], Awaitable[PoolSettings]],
        clock: Clock,
    ) -> None:
        """`settings` looks the pool's up as they are now."""
        self._store = store
        self._journal = journal
        self._samples = samples
        self._settings = settings
        self._clock = clock

    async def run_once(self) -> float:
        """A look each minute; each hour is sampled once."""
        now = self._clock.now()
        hour = now - (now - _EPOCH) % HOUR
        if not await self._samples.has(hour):
            await self._samples.add(await self._sample(hour))
        await self._journal.trim(now, (await self._settings()).events_kept)
        return MAINTENANCE_PAUSE_SECONDS

    async def _sample(self, hour: datetime) -> UsageSample:
        return UsageSample(hour, await self._store.live(), await self._store.max_held())
