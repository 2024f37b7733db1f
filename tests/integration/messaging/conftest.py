"""A service, its ledger and its carrier, all real."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from support.clock import ManualClock
from support.fakes.scripted_carrier import ScriptedCarrier, scripted_carrier
from support.services.messaging_service import Messaging, serving, settings_for


@pytest.fixture
async def carrier() -> AsyncIterator[ScriptedCarrier]:
    """A carrier that accepts everything until a test changes its script."""
    async with scripted_carrier() as running:
        yield running


@pytest.fixture
async def messaging(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> AsyncIterator[Messaging]:
    """The service in this process; the test controls its clock."""
    async with serving(settings_for(redis_url, carrier.url), clock) as running:
        yield running
