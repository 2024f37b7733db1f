"""How the load of a pool has been, hour by hour."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from redis.asyncio import Redis

from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.keyspace.timestamps import from_ms, to_ms

# A forecast from one week: weekdays and a weekend, and not last year's.
KEPT = timedelta(days=7)

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class UsageSample:
    """Live conversations at an hour, and the most that one person held."""

    time: datetime
    live: int
    max_held: int


class UsageSamples:
    """One pool's samples."""

    def __init__(self, redis: Redis, pool: str) -> None:
        self._redis = redis
        self._key = Keys(pool).samples

    async def has(self, hour: datetime) -> bool:
        """Whether this hour has been sampled, by whichever replica."""
        return bool(await self._redis.zcount(self._key, to_ms(hour), to_ms(hour)))

    async def add(self, sample: UsageSample) -> None:
        """Keeps a sample and forgets those that are too old."""
        ms = to_ms(sample.time)
        await self._redis.zadd(self._key, {f"{ms} {sample.live} {sample.max_held}": ms})
        await self._redis.zremrangebyscore(self._key, "-inf", to_ms(sample.time - KEPT))

    async def all(self) -> list[UsageSample]:
        """Those of the last week, oldest first."""
        found = await self._redis.zrange(self._key, 0, -1)
        parts = (map(int, one.split()) for one in found if isinstance(one, bytes))
        return [UsageSample(from_ms(ms), live, most) for ms, live, most in parts]
