"""Asks the messaging service's rate limiter, and lets time pass for it, which is Redis's."""

from datetime import timedelta
from typing import cast

from redis.asyncio import Redis

from messaging_service.limits.rate_limiter import RateLimiter
from messaging_service.model.message import OutboundMessage

KEYS = "maskline:v1:messaging:{pace}:*"
_MICROSECOND = timedelta(microseconds=1)
_SPANS = {"minute": timedelta(minutes=1), "day": timedelta(days=1)}


async def acquire(
    limiter: RateLimiter, message: OutboundMessage, segments: int
) -> timedelta | None:
    """None when the message may be sent, otherwise how long it has to wait."""
    return await limiter.admit(await limiter.run(limiter.request(message, segments)))


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
            for pool in cast("list[bytes]", await redis.zrange(key, 0, -1)):
                await redis.zincrby(key, -by_us, pool)
        elif kind == "budget":
            await redis.hincrby(key, "number", -(by // _SPANS[name]))
