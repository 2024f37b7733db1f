"""What has to be done now and then: the load is sampled, old events are forgotten."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from conversation_service.domain.pool import PoolSettings
from conversation_service.store.journal import Journal
from conversation_service.store.load_samples import HOUR, LoadSample, LoadSamples
from conversation_service.store.store import PoolStore
from runtime.clock import Clock

PAUSE_SECONDS = 60.0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Housekeeping:
    """One pool's. Several replicas may keep the same house."""

    def __init__(
        self,
        store: PoolStore,
        journal: Journal,
        samples: LoadSamples,
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
        return PAUSE_SECONDS

    async def _sample(self, hour: datetime) -> LoadSample:
        return LoadSample(hour, await self._store.live(), await self._store.most_held())
