"""A ledger on a real server."""

import pytest
from contract.messaging.lua.ledger_parts import RETENTION, RememberingMetrics
from redis.asyncio import Redis

from messaging_service.ledger.fingerprints import Fingerprints
from messaging_service.ledger.ledger import Ledger
from messaging_service.ledger.uncertain_sends import UncertainSends
from support.clock import ManualClock


@pytest.fixture
def metrics() -> RememberingMetrics:
    """Nothing counted yet."""
    return RememberingMetrics()


@pytest.fixture
def ledger(redis: Redis, clock: ManualClock, metrics: RememberingMetrics) -> Ledger:
    """An empty ledger."""
    return Ledger(redis, clock, Fingerprints("key"), metrics, RETENTION)


@pytest.fixture
def uncertain_sends(
    redis: Redis, clock: ManualClock, metrics: RememberingMetrics
) -> UncertainSends:
    """The same ledger's side of uncertain sends."""
    return UncertainSends(redis, clock, metrics, RETENTION)
