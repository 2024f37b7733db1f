"""Conversations expire on time, without any request."""

from datetime import timedelta

from redis.asyncio import Redis

from conversation_service.app.application import SERVICE_NAMES
from conversation_service.domain.templates.catalog import Template
from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversation_calls import ask, kinds, refused
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    SETTINGS,
    seeded,
    system_message,
)
from support.clock import ManualClock
from support.eventually import eventually
from support.net.grpc_calls import is_serving
from support.services.conversation_service import RunningService, running

IDLE_EXPIRED = system_message(Template.IDLE_EXPIRED)


async def test_a_code_is_valid_to_the_last_second_and_then_expires_and_is_purged(
    service: RunningService,
) -> None:
    expiring, joined = [await service.start(number) for number in (ALICE_NUMBER, CAROL_NUMBER)]
    await service.heard(ALICE_NUMBER, 1)
    service.clock.move(minutes=14, seconds=59)
    active = await service.join(BOB_NUMBER, joined.join_code)
    assert active.state == pb.CONVERSATION_STATE_ACTIVE
    service.clock.move(seconds=1)
    assert (await service.heard(ALICE_NUMBER, 2))[1] == system_message(Template.CODE_EXPIRED)
    conversation = await service.get(expiring.conversation.conversation_id)
    assert conversation.end_reason == pb.END_REASON_CODE_EXPIRED
    with refused("JOIN_CODE_INVALID"):
        await service.join(BOB_NUMBER, expiring.join_code)
    service.clock.move(seconds=SETTINGS.retention.conversations.total_seconds())

    async def is_purged() -> bool:
        listed = await ask(service.stub.ListConversations, pb.ListConversationsRequest())
        conversation_ids = [item.conversation_id for item in listed.conversations]
        return conversation.conversation_id not in conversation_ids

    await eventually(is_purged)
    with refused("CONVERSATION_NOT_FOUND"):
        await service.get(conversation.conversation_id)


async def test_a_message_after_the_expiry_gets_a_notice_of_the_end(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.clock.move(days=7)
    await service.deliver(ALICE_NUMBER, "anybody there?")
    just_ended = system_message(Template.JUST_ENDED, span=SETTINGS.lifecycle.cool_off)
    assert await service.heard(ALICE_NUMBER, 2) == [IDLE_EXPIRED, just_ended]
    assert await service.heard(BOB_NUMBER, 1) == [IDLE_EXPIRED]


async def test_both_are_warned_before_idle_expiry_and_a_message_extends_the_conversation(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    lead = timedelta(hours=1)
    pool = seeded(
        settings={
            "lifecycle.idle_timeout": timedelta(hours=24),
            "lifecycle.expiry_warning_lead": lead,
        }
    )
    async with running(redis_url, clock, pool) as service:
        conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
        warning = system_message(Template.IDLE_WARNING, span=lead)
        clock.move(hours=23)
        assert await service.heard(ALICE_NUMBER, 1) == [warning]
        assert await service.heard(BOB_NUMBER, 1) == [warning]
        await service.deliver(ALICE_NUMBER, "still here")
        clock.move(hours=23)
        expected = [warning, "still here", warning]
        assert await service.heard(BOB_NUMBER, 3) == expected
        clock.move(hours=1)
        assert await service.heard(BOB_NUMBER, 4) == [*expected, IDLE_EXPIRED]
        ended = await service.get(conversation.conversation_id)
        assert ended.end_reason == pb.END_REASON_IDLE_EXPIRED
        events = kinds(await service.timeline(conversation.conversation_id))
        assert events.count(("CONVERSATION_EXPIRY_WARNED", "IDLE_EXPIRED")) == 2


async def test_a_replica_whose_clock_is_wrong_expires_nothing_and_is_not_healthy(
    service: RunningService,
) -> None:
    await service.healthy()
    started = await service.start(ALICE_NUMBER)
    await service.quiet()
    service.clock.synchronized = False
    service.clock.move(minutes=15)

    async def is_unhealthy() -> bool:
        return not await is_serving(service.channel, SERVICE_NAMES[0])

    # Expiry runs as often as the health is updated.
    await eventually(is_unhealthy)
    conversation = await service.get(started.conversation.conversation_id)
    assert conversation.state == pb.CONVERSATION_STATE_WAITING
    service.clock.synchronized = True
    await service.healthy()
    assert await service.heard(ALICE_NUMBER, 2)
