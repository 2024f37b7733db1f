"""The usage of a pool, hour by hour."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from conversation_service.store.keyspace.timestamps import from_ms, to_ms
from conversation_service.store.storage import PoolStorage

# A forecast needs one week: weekdays and a weekend, and not last year's.
KEPT = timedelta(days=7)

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class UsageSample:
    """Live conversations at an hour, and the most that one person had."""

    time: datetime
    live: int
    max_held: int


class UsageSamples:
    """The samples of one pool."""

    def __init__(self, storage: PoolStorage) -> None:
        self._redis = storage.redis
        self._key = storage.keys.samples

    async def has(self, hour: datetime) -> bool:
        """Whether any replica has sampled this hour."""
        return bool(await self._redis.zcount(self._key, to_ms(hour), to_ms(hour)))

    async def add(self, sample: UsageSample) -> None:
        """Keeps a sample and removes those that are too old."""
        ms = to_ms(sample.time)
        await self._redis.zadd(self._key, {f"{ms} {sample.live} {sample.max_held}": ms})
        await self._redis.zremrangebyscore(self._key, "-inf", to_ms(sample.time - KEPT))

    async def all(self) -> list[UsageSample]:
        """The samples of the last week, oldest first."""
        stored = await self._redis.zrange(self._key, 0, -1)
        values = (map(int, member.split()) for member in stored if isinstance(member, bytes))
        return [UsageSample(from_ms(ms), live, most) for ms, live, most in values]
