"""Lets keys of Redis expire by the clock of the test."""

from datetime import timedelta

from model.people import TICK
from redis.asyncio import Redis

SCAN_COUNT = 1000
_TICK_MS = TICK // timedelta(milliseconds=1)


async def pass_in_redis(redis: Redis, by: timedelta) -> None:
    """Shortens every time to live by `by`, a multiple of TICK.

    All times to live are multiples of TICK. Rounding removes the time that really passed, so that
    no example depends on the speed of the machine.
    """
    keys = [key async for key in redis.scan_iter(count=SCAN_COUNT)]
    pipeline = redis.pipeline(transaction=False)
    for key in keys:
        pipeline.pttl(key)
    for key, left_ms in zip(keys, await pipeline.execute(), strict=True):
        if left_ms > 0:
            pipeline.pexpire(key, _rounded(left_ms - by // timedelta(milliseconds=1)))
    await pipeline.execute()


def _rounded(left_ms: int) -> int:
    return max(0, round(left_ms / _TICK_MS)) * _TICK_MS
