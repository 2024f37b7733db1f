"""Whether a part is ready for the next one."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx

from runtime.healthcheck import TIMEOUT_SECONDS
from runtime.redis.client import is_reachable, open_redis

HealthCheck = Callable[[], Awaitable[bool]]

POLL_SECONDS = 0.05
# Far beyond any start seen, short enough for a person who waits.
START_LIMIT_SECONDS = 30.0


async def http_is_ok(url: str) -> bool:
    """Whether the URL is answered with 200."""
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            return (await client.get(url)).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def redis_answers(url: str) -> bool:
    """Whether a Redis-compatible server answers, its data loaded."""
    async with open_redis(url, retries=0) as redis:
        return await is_reachable(redis)


async def becomes_healthy(
    check: HealthCheck, alive: Callable[[], bool], *, within_seconds: float = START_LIMIT_SECONDS
) -> bool:
    """Asks until the answer is yes. False when the time is over or there is nobody to ask."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within_seconds):
            while alive():
                if await check():
                    # A stranger that took the port may have answered.
                    return alive()
                await asyncio.sleep(POLL_SECONDS)
    return False
