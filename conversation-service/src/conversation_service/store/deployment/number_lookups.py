"""How many numbers each caller has looked up within a minute."""

from dataclasses import dataclass
from datetime import timedelta

from conversation_service.store.storage import Storage

WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class LookupCount:
    """The look-ups since the window began, and when the next one begins."""

    count: int
    remaining: timedelta


class NumberLookupCounts:
    """Shared by all replicas, in windows that begin with a caller's first look-up."""

    def __init__(self, storage: Storage) -> None:
        self._redis = storage.redis
        self._keys = storage.keys

    async def add(self, caller: str) -> LookupCount:
        """Counts one more. A repetition after a broken connection may count it twice."""
        key = self._keys.number_lookups(caller)
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.incr(key)
        pipeline.pexpire(key, WINDOW, nx=True)
        pipeline.pttl(key)
        count, _, remaining_ms = await pipeline.execute()
        return LookupCount(count, timedelta(milliseconds=max(remaining_ms, 0)))

    async def get(self, caller: str) -> LookupCount:
        """The count without one more."""
        key = self._keys.number_lookups(caller)
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.get(key)
        pipeline.pttl(key)
        count, remaining_ms = await pipeline.execute()
        return LookupCount(int(count or 0), timedelta(milliseconds=max(remaining_ms, 0)))
