"""CompareMaskedNumbers and GetPoolCapacity: what differs at the carrier, numbers needed."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from conversation_service.domain.model.pool import PoolSettings
from conversation_service.jobs import Maintenance
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.deployment.usage_samples import UsageSamples
from conversation_service.store.event_log import EventLog
from maskline.admin.v1 import pool_pb2
from maskline.messaging.v1 import carrier_pb2
from support.builders.conversation_calls import ask
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    MASKED,
    OTHER_MASKED,
    POOL,
    SEED,
    SETTINGS,
    pool_storage,
    seeded,
)
from support.clock import ManualClock
from support.services.conversation_service import RunningService, running

ELSEWHERE = "+12065550102"
SPARE, DISABLED_SPARE = "+12065550103", "+12065550104"


def owned(number: str, may_text: bool | None = None) -> carrier_pb2.CarrierNumber:
    return carrier_pb2.CarrierNumber(phone_number=number, messaging_enabled=may_text)


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    """One replica with two pools."""
    async with running(redis_url, clock, SEED, seeded(ELSEWHERE, name="second")) as replica:
        yield replica


async def test_differences_between_pool_and_a_large_account_are_reported_without_changes(
    service: RunningService,
) -> None:
    others = [owned(f"+1{area}55501{line:02}") for area in range(212, 217) for line in range(100)]
    service.messaging.numbers = [
        owned(MASKED, may_text=False),
        owned(ELSEWHERE),
        *others,
        owned(DISABLED_SPARE, may_text=False),
        owned(SPARE, may_text=True),
    ]
    before = await ask(service.pools.GetPool, pool_pb2.GetPoolRequest())
    differences = await ask(
        service.pools.CompareMaskedNumbers, pool_pb2.CompareMaskedNumbersRequest()
    )
    assert differences.masked_numbers_not_at_carrier == [OTHER_MASKED]
    assert set(differences.carrier_numbers_in_no_pool) >= {SPARE, DISABLED_SPARE}
    assert len(differences.carrier_numbers_in_no_pool) == len(others) + 2
    assert differences.masked_numbers_without_messaging == [MASKED]
    assert await ask(service.pools.GetPool, pool_pb2.GetPoolRequest()) == before


async def test_the_forecast_extrapolates_the_hourly_samples(
    service: RunningService, redis: Redis
) -> None:
    clock, name = service.clock, POOL.name
    storage = pool_storage(redis, name)
    store, journal = ConversationRepository(storage), EventLog(storage)

    async def settings() -> PoolSettings:
        return SETTINGS

    maintenance = Maintenance(store, journal, UsageSamples(storage), settings, clock)
    numbers = [f"+1206555011{line}" for line in range(8)]
    for number in numbers:
        await ask(
            service.pools.AddMaskedNumber, pool_pb2.AddMaskedNumberRequest(masked_number=number)
        )
        await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=number)
        for _ in range(6):
            clock.move(hours=1)
            await maintenance.run_once()
    response = await ask(service.pools.GetPoolCapacity, pool_pb2.GetPoolCapacityRequest())
    report = response.pool_capacity
    assert report.available_number_count == 10
    assert report.busiest_person_conversation_count == 8
    # One more every six hours, with two numbers left.
    remaining = report.exhaustion_time.ToDatetime() - clock.now().replace(tzinfo=None)
    assert timedelta(hours=10) < remaining < timedelta(hours=14)
