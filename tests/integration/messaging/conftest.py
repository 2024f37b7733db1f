"""A service, its ledger and its carrier, all real."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from support.clock import ManualClock
from support.fakes.parcel_carrier import ParcelCarrier
from support.fakes.scripted_carrier import ScriptedCarrier, scripted_carrier
from support.services.messaging_service import Messaging, serving, settings_for

# What is tested here holds for every carrier, as far as its capabilities go.
NEUTRAL = ("sending", "uncertain", "receipts")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs the tests of these folders with each carrier that has what they need."""
    is_neutral = metafunc.definition.path.parent.name in NEUTRAL
    if (
        not is_neutral
        or "carrier" not in metafunc.fixturenames
        or hasattr(metafunc.module, "carrier")
    ):
        return
    needed = [name for mark in metafunc.definition.iter_markers("needs") for name in mark.args]
    kinds = [
        kind
        for kind in (ScriptedCarrier, ParcelCarrier)
        if all(getattr(kind.capabilities, name) for name in needed)
    ]
    metafunc.parametrize("carrier", kinds, indirect=True, ids=[kind.__name__ for kind in kinds])


@pytest.fixture
async def carrier(request: pytest.FixtureRequest) -> AsyncIterator[ScriptedCarrier]:
    """A carrier that accepts everything until a test changes its script."""
    async with scripted_carrier(getattr(request, "param", ScriptedCarrier)) as running:
        yield running


@pytest.fixture
async def messaging(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> AsyncIterator[Messaging]:
    """The service in this process; the test controls its clock."""
    async with serving(settings_for(redis_url, carrier.url), clock, carrier.open) as running:
        yield running
