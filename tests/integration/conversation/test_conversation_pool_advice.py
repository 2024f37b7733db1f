"""What operators are told of a pool: how it differs from the carrier account, what it needs."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from conversation_service.domain.model.pool import PoolSettings
from conversation_service.jobs import Maintenance
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.deployment.usage_samples import UsageSamples
from conversation_service.store.event_log import EventLog
from maskline.conversation.v1 import pool_pb2
from maskline.messaging.v1 import messaging_pb2
from support.clock import ManualClock
from support.conversation_calls import ask, refused
from support.conversation_service import RunningService, running
from support.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    POOL,
    SEED,
    SETTINGS,
    pool_storage,
    seeded,
)
from support.refusing_carrier import RefusingCarrier

ELSEWHERE = "+12065550102"
SPARE, MUTE_SPARE = "+12065550103", "+12065550104"


def owned(number: str, may_text: bool | None = None) -> messaging_pb2.AccountNumber:
    return messaging_pb2.AccountNumber(phone_number=number, is_messaging_enabled=may_text)


async def synced(service: RunningService) -> pool_pb2.SyncNumbersResponse:
    return await ask(service.pools.SyncNumbers, pool_pb2.SyncNumbersRequest())


async def advice(service: RunningService) -> pool_pb2.GetPoolAdviceResponse:
    return await ask(service.pools.GetPoolAdvice, pool_pb2.GetPoolAdviceRequest())


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    """One replica with two pools."""
    async with running(redis_url, clock, SEED, seeded(ELSEWHERE, name="second")) as one:
        yield one


async def test_what_pool_and_account_do_not_share_is_told_and_nothing_is_changed(
    service: RunningService,
) -> None:
    service.messaging.numbers = [
        owned(MASKED, may_text=False),
        owned(ELSEWHERE),
        owned(MUTE_SPARE, may_text=False),
        owned(SPARE, may_text=True),
    ]
    before = await ask(service.pools.GetPool, pool_pb2.GetPoolRequest())
    found = await synced(service)
    assert found.missing_at_carrier == [OTHER_MASKED]
    assert found.in_no_pool == [SPARE, MUTE_SPARE]
    assert found.not_messaging_enabled == [MASKED]
    assert await ask(service.pools.GetPool, pool_pb2.GetPoolRequest()) == before


async def test_a_large_account_is_read_to_its_end(service: RunningService) -> None:
    others = [owned(f"+1{area}55501{line:02}") for area in range(212, 217) for line in range(100)]
    service.messaging.numbers = [*others, owned(MASKED), owned(OTHER_MASKED, may_text=True)]
    found = await synced(service)
    assert found.missing_at_carrier == found.not_messaging_enabled == []
    assert len(found.in_no_pool) == len(others)


async def test_a_comparison_needs_the_carrier(service: RunningService) -> None:
    service.messaging.is_down = True
    with refused("BACKEND_UNAVAILABLE"):
        await synced(service)


async def test_keys_that_the_carrier_refuses_are_told_as_that(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock, messaging=RefusingCarrier()) as service:
        with refused("CARRIER_ACCOUNT_REFUSED"):
            await synced(service)


async def test_who_holds_the_most_decides_how_many_numbers_are_needed(
    service: RunningService,
) -> None:
    empty = await advice(service)
    assert (empty.available_numbers, empty.live_conversations, empty.needed_numbers) == (2, 0, 1)
    assert not empty.HasField("exhaustion_time")
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    one = await service.start(CAROL_NUMBER, MASKED)
    both = await service.start(CAROL_NUMBER, OTHER_MASKED)
    found = await advice(service)
    assert (found.live_conversations, found.most_held_by_one_person) == (3, 2)
    assert found.needed_numbers == 3
    # Carol cannot begin another one: it is now.
    assert found.exhaustion_time.ToDatetime() == service.clock.now().replace(tzinfo=None)
    for started in (one, both):
        await service.end(started.conversation.conversation_id)
    assert (await advice(service)).needed_numbers == 2


async def test_numbers_that_are_not_given_freely_are_not_available(
    service: RunningService,
) -> None:
    await ask(service.pools.DrainNumber, pool_pb2.DrainNumberRequest(masked_number=MASKED))
    reserved = pool_pb2.AddNumberRequest(masked_number=SPARE, is_reserved=True)
    await ask(service.pools.AddNumber, reserved)
    assert (await advice(service)).available_numbers == 1


async def test_a_growing_load_is_forecast_from_what_the_housekeeping_saw(
    service: RunningService, redis: Redis
) -> None:
    clock, name = service.clock, POOL.name
    storage = pool_storage(redis, name)
    store, journal = ConversationRepository(storage), EventLog(storage)

    async def settings() -> PoolSettings:
        return SETTINGS

    house = Maintenance(store, journal, UsageSamples(storage), settings, clock)
    numbers = [f"+1206555011{line}" for line in range(8)]
    for number in numbers:
        await ask(service.pools.AddNumber, pool_pb2.AddNumberRequest(masked_number=number))
        await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=number)
        for _ in range(6):
            clock.move(hours=1)
            await house.run_once()
    found = await advice(service)
    assert (found.available_numbers, found.most_held_by_one_person) == (10, 8)
    # One more every six hours, and two are left.
    left = found.exhaustion_time.ToDatetime() - clock.now().replace(tzinfo=None)
    assert timedelta(hours=10) < left < timedelta(hours=14)
