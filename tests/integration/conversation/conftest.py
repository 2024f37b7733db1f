"""The conversation service in this process, on an empty Redis."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from support.clock import ManualClock
from support.services.conversation_service import RunningService, running


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    """One replica with one pool, both as they are by default."""
    async with running(redis_url, clock) as replica:
        yield replica


@pytest.fixture
async def another(
    service: RunningService, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    """A second replica, before the same carrier."""
    async with running(redis_url, clock, messaging=service.messaging) as replica:
        yield replica
