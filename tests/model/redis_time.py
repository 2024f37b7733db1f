"""Redis's own clock follows the one that a test moves."""

from datetime import timedelta

from redis.asyncio import Redis

from model.people import TICK

SCAN_COUNT = 1000
_TICK_MS = TICK // timedelta(milliseconds=1)


async def pass_in_redis(redis: Redis, by: timedelta) -> None:
    """Every key that expires does so sooner by `by`, which is a number of ticks.

    What is left is a number of ticks too, but for the moments that really went by: rounding takes
    them out again, so that no example depends on how fast it runs.
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
