"""Seeding from the pools file; a pool that an operator has changed is left alone."""

from datetime import timedelta

from google.protobuf.field_mask_pb2 import FieldMask
from redis.asyncio import Redis

from maskline.admin.v1 import pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversation_calls import ask
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    MASKED,
    OTHER_MASKED,
    SEED,
    seeded,
)
from support.clock import ManualClock
from support.services.conversation_service import RunningService, running

NUMBER = "+12065550102"
CHANGED = seeded(MASKED, NUMBER, settings={"lifecycle.idle_timeout": timedelta(hours=1)})


async def pool(service: RunningService, name: str = "main") -> pool_pb2.Pool:
    return (await ask(service.pools.GetPool, pool_pb2.GetPoolRequest(pool_id=name))).pool


async def names(service: RunningService) -> list[str]:
    listed = await ask(service.pools.ListPools, pool_pb2.ListPoolsRequest())
    return [pool.pool_id for pool in listed.pools]


async def numbers(
    service: RunningService,
) -> list[tuple[str, pool_pb2.MaskedNumberState.ValueType]]:
    listed = await ask(service.pools.ListMaskedNumbers, pool_pb2.ListMaskedNumbersRequest())
    return [(number.phone_number, number.state) for number in listed.masked_numbers]


async def test_a_restart_and_a_second_replica_change_no_pool_of_the_file_or_an_operator(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock) as first:
        before = await pool(first)
        settings = pool_pb2.PoolSettings(operator_name="Taxis", contact="help@example.org")
        creation = pool_pb2.CreatePoolRequest(
            pool_id="taxis", settings=settings, masked_numbers=[NUMBER]
        )
        await ask(first.pools.CreatePool, creation)
        async with running(redis_url, clock) as second:
            assert await pool(second) == before
    async with running(redis_url, clock) as third:
        assert await pool(third) == before
        assert await names(third) == ["main", "taxis"]
        await third.deliver(ALICE_NUMBER, "help", to=NUMBER)
        assert len(await third.heard(ALICE_NUMBER, 1)) == 1
    assert before.source == pool_pb2.POOL_SOURCE_FILE


async def test_a_changed_file_updates_a_pool_that_no_operator_has_changed(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock) as before:
        conversation = await before.open(ALICE_NUMBER, BOB_NUMBER, masked_number=OTHER_MASKED)
    async with running(redis_url, clock, CHANGED) as service:
        changed = await pool(service)
        assert changed.source == pool_pb2.POOL_SOURCE_FILE
        assert changed.settings.lifecycle.idle_timeout.ToTimedelta() == timedelta(hours=1)
        # The number that the file no longer lists is in use.
        assert await numbers(service) == [
            (MASKED, pool_pb2.MASKED_NUMBER_STATE_ACTIVE),
            (OTHER_MASKED, pool_pb2.MASKED_NUMBER_STATE_DRAINING),
            (NUMBER, pool_pb2.MASKED_NUMBER_STATE_ACTIVE),
        ]
        await service.deliver(ALICE_NUMBER, "still here", to=OTHER_MASKED)
        assert await service.heard(BOB_NUMBER, 1) == ["still here"]
        state = (await service.get(conversation.conversation_id)).state
        assert state == pb.CONVERSATION_STATE_ACTIVE
    async with running(redis_url, clock) as back:
        settings = (await pool(back)).settings
        assert settings.lifecycle.idle_timeout.ToTimedelta() == timedelta(days=7)
        assert (OTHER_MASKED, pool_pb2.MASKED_NUMBER_STATE_ACTIVE) in await numbers(back)


async def test_no_file_overwrites_the_changes_of_an_operator(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock) as service:
        request = pool_pb2.UpdatePoolRequest(
            pool=pool_pb2.Pool(
                pool_id="main",
                settings=pool_pb2.PoolSettings(operator_name="Taxis", contact="help@example.org"),
            ),
            update_mask=FieldMask(paths=["settings.operator_name"]),
        )
        await ask(service.pools.UpdatePool, request)
        removal = pool_pb2.RemoveMaskedNumberRequest(masked_number=OTHER_MASKED)
        await ask(service.pools.RemoveMaskedNumber, removal)
        changed = await pool(service)
    for file in (SEED, CHANGED):
        async with running(redis_url, clock, file) as service:
            assert await pool(service) == changed
            assert await numbers(service) == [(MASKED, pool_pb2.MASKED_NUMBER_STATE_ACTIVE)]


async def test_a_pool_with_a_number_of_another_is_skipped_and_the_others_serve(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock, SEED, seeded(NUMBER, MASKED, name="second")) as service:
        assert await names(service) == ["main"]
        await service.deliver(ALICE_NUMBER, "help")
        assert len(await service.heard(ALICE_NUMBER, 1)) == 1
        await ask(
            service.pools.AddMaskedNumber, pool_pb2.AddMaskedNumberRequest(masked_number=NUMBER)
        )
