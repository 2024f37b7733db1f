"""Health checks of the services."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import cache

import httpx

from runtime.healthcheck import TIMEOUT_SECONDS
from runtime.redis.client import is_reachable, open_redis

HealthCheck = Callable[[], Awaitable[bool]]

POLL_SECONDS = 0.05
# Far longer than any start observed.
START_LIMIT_SECONDS = 30.0


@cache
def _tls_context() -> ssl.SSLContext:
    """One for all polls: a client would otherwise create its own, for some 26 ms of CPU."""
    return httpx.create_ssl_context()


async def http_is_ok(url: str) -> bool:
    """Whether a GET returns 200."""
    try:
        async with httpx.AsyncClient(
            timeout=TIMEOUT_SECONDS, trust_env=False, verify=_tls_context()
        ) as client:
            return (await client.get(url)).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def redis_answers(url: str) -> bool:
    """Whether a Redis-compatible server is reachable and has loaded its data."""
    async with open_redis(url, retries=0) as redis:
        return await is_reachable(redis)


async def becomes_healthy(
    check: HealthCheck, alive: Callable[[], bool], *, within_seconds: float = START_LIMIT_SECONDS
) -> bool:
    """Polls until the check passes; False after the time limit or if the process has ended."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within_seconds):
            while alive():
                if await check():
                    # Another process on the same port may have passed the check.
                    return alive()
                await asyncio.sleep(POLL_SECONDS)
    return False
