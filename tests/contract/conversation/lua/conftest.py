"""A pool that exists, and an outbox, on an empty Redis."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from support.clock import ManualClock

from .outbox_harness import OutboxHarness
from .repository_harness import Harness


@pytest.fixture
async def harness(redis: Redis, clock: ManualClock) -> Harness:
    return await Harness.created(redis, clock)


@pytest.fixture
async def outbox(redis: Redis, clock: ManualClock) -> AsyncIterator[OutboxHarness]:
    async with OutboxHarness(redis, clock) as harness:
        yield harness
