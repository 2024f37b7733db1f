"""Lets time pass for the messaging service's rate limiter, which takes Redis's."""

from datetime import timedelta

from redis.asyncio import Redis

KEYS = "maskline:v1:messaging:{pace}:*"
_MICROSECOND = timedelta(microseconds=1)
_SPANS = {"minute": timedelta(minutes=1), "day": timedelta(days=1)}


async def pass_rate_time(redis: Redis, by: timedelta) -> None:
    """Moves every stored time back by `by`; budgets by whole minutes and days."""
    by_us = by // _MICROSECOND
    async for key in redis.scan_iter(match=KEYS):
        _, kind, name, *_ = key.decode().rpartition("{pace}")[2].split(":")
        if kind == "rate":
            used_up_us = int(await redis.get(key) or 0) - by_us
            await redis.set(key, used_up_us, keepttl=True)
        elif kind == "brake":
            await redis.hincrby(key, "until_us", -by_us)
        elif kind == "waiting":
            for pool in await redis.zrange(key, 0, -1):
                assert isinstance(pool, bytes)
                await redis.zincrby(key, -by_us, pool)
        elif kind == "budget":
            await redis.hincrby(key, "number", -(by // _SPANS[name]))
