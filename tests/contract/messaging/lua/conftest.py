import pytest
from contract.messaging.lua.ledger_parts import Books
from redis.asyncio import Redis

from support.clock import ManualClock


@pytest.fixture
def books(redis: Redis, clock: ManualClock) -> Books:
    """An empty ledger."""
    return Books(redis, clock)
