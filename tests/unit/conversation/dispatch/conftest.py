"""The harness of these tests."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from support.builders.dispatch_harness import Harness
from support.clock import ManualClock


@pytest.fixture
async def harness(redis: Redis, clock: ManualClock) -> AsyncIterator[Harness]:
    async with Harness(redis, clock) as made:
        yield made
