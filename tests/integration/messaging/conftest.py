"""A service, its ledger and its carrier, all real."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from redis.asyncio import Redis

from support.clock import ManualClock
from support.messaging_service import Messaging, serving, settings_for
from support.scripted_carrier import ScriptedCarrier, scripted_carrier
from support.simulator_process import simulator_client, simulator_process

SIMULATOR_GATEWAY = "http://gateway.example"
SIMULATOR_NUMBERS = ("+12065550100", "+12065550101", "+18005550102")
PHONES = iter([f"+1360555{number:04d}" for number in range(100, 200)])


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


@pytest.fixture(scope="session")
def simulator_url() -> Iterator[str]:
    """One simulator for all tests: each uses a phone of its own."""
    with simulator_process(SIMULATOR_GATEWAY, SIMULATOR_NUMBERS=",".join(SIMULATOR_NUMBERS)) as url:
        yield url


@pytest.fixture
async def simulator(simulator_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the simulator, which has no faults before and after the test."""
    async with simulator_client(simulator_url) as http:
        yield http
        await http.delete("/simulator/faults")


@pytest.fixture
async def phone(simulator: httpx.AsyncClient) -> AsyncIterator[str]:
    """The number of a phone that no other test uses."""
    number = next(PHONES)
    await simulator.post("/simulator/phones", json={"number": number})
    yield number
    await simulator.delete(f"/simulator/phones/{number}")
