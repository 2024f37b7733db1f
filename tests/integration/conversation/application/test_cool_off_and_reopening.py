"""After the end of a conversation: cool-off of its number, late messages, reopening."""

from datetime import timedelta

from redis.asyncio import Redis

from conversation_service.domain.templates.catalog import Template
from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversation_calls import ask, kinds, refused
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    SETTINGS,
    seeded,
    system_message,
)
from support.clock import ManualClock
from support.services.conversation_service import RunningService, running


async def ended(service: RunningService) -> str:
    """The id of a conversation of Alice and Bob that the operator has just ended."""
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.end(conversation.conversation_id)
    await service.quiet()
    return conversation.conversation_id


async def reopen(service: RunningService, conversation_id: str) -> pb.Conversation:
    request = pb.ReopenConversationRequest(conversation_id=conversation_id)
    return (await ask(service.stub.ReopenConversation, request)).conversation


async def test_a_late_message_reaches_neither_the_old_partner_nor_a_new_one(
    service: RunningService,
) -> None:
    await ended(service)
    carols = await service.start(CAROL_NUMBER, MASKED)
    with refused("NUMBER_COOLING"):
        await service.join(ALICE_NUMBER, carols.code)
    await service.deliver(ALICE_NUMBER, f"join {carols.code}")
    await service.deliver(ALICE_NUMBER, "start")
    await service.deliver(ALICE_NUMBER, "a late text")
    reply = system_message(Template.JUST_ENDED, span=SETTINGS.cool_off)
    assert (await service.heard(ALICE_NUMBER, 4))[1:] == [reply] * 3
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == [system_message(Template.ENDED)]
    assert len(service.sent_to(CAROL_NUMBER)) == 1


async def test_the_reply_during_cool_off_names_the_remaining_time(service: RunningService) -> None:
    await ended(service)
    service.clock.move(minutes=1)
    await service.deliver(ALICE_NUMBER, "hello?")
    reply = system_message(Template.JUST_ENDED, span=timedelta(minutes=2))
    assert (await service.heard(ALICE_NUMBER, 2))[1] == reply
    service.clock.move(minutes=2)
    again = await service.open(ALICE_NUMBER, CAROL_NUMBER)
    assert again.masked_number == MASKED
    await service.deliver(ALICE_NUMBER, "hello")
    assert await service.heard(CAROL_NUMBER, 1) == ["hello"]


async def test_a_cooling_number_is_not_selected(service: RunningService) -> None:
    await ended(service)
    assert (await service.start(ALICE_NUMBER)).conversation.masked_number == OTHER_MASKED


async def test_a_pool_may_have_no_cool_off(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    pool = seeded(settings={"cool_off": timedelta(0)})
    async with running(redis_url, clock, pool) as service:
        await ended(service)
        await service.open(ALICE_NUMBER, CAROL_NUMBER)


async def test_an_unused_code_causes_no_cool_off(service: RunningService) -> None:
    started = await service.start(ALICE_NUMBER, MASKED)
    await service.end(started.conversation.conversation_id)
    await service.open(ALICE_NUMBER, CAROL_NUMBER)


async def test_a_reopened_conversation_relays_again(service: RunningService) -> None:
    conversation_id = await ended(service)
    before = await service.get(conversation_id)
    service.clock.move(minutes=59)
    after = await reopen(service, conversation_id)
    assert after.state == pb.CONVERSATION_STATE_ACTIVE
    assert after.participants == before.participants
    assert after.etag != before.etag
    assert after.end_reason == pb.END_REASON_UNSPECIFIED
    assert not after.HasField("end_time")
    await service.deliver(BOB_NUMBER, "where were we?")
    assert (await service.heard(ALICE_NUMBER, 3))[1:] == [
        system_message(Template.REOPENED),
        "where were we?",
    ]
    assert (await service.heard(BOB_NUMBER, 2))[1:] == [system_message(Template.REOPENED)]
    events = kinds(await service.timeline(conversation_id))
    assert events.index(("CONVERSATION_REOPENED", "")) > events.index(
        ("CONVERSATION_ENDED", "OPERATOR_ENDED")
    )


async def test_a_conversation_is_not_reopenable_after_the_grace_or_once_its_number_is_in_use(
    service: RunningService,
) -> None:
    late = await ended(service)
    service.clock.move(hours=1)
    with refused("CONVERSATION_NOT_REOPENABLE"):
        await reopen(service, late)
    overtaken = await ended(service)
    service.clock.move(minutes=3)
    await service.open(ALICE_NUMBER, CAROL_NUMBER)
    with refused("CONVERSATION_NOT_REOPENABLE"):
        await reopen(service, overtaken)


async def test_a_live_conversation_or_one_without_a_second_person_is_not_reopenable(
    service: RunningService,
) -> None:
    started = (await service.start(ALICE_NUMBER)).conversation
    with refused("CONVERSATION_NOT_REOPENABLE"):
        await reopen(service, started.conversation_id)
    await service.end(started.conversation_id)
    with refused("CONVERSATION_NOT_REOPENABLE"):
        await reopen(service, started.conversation_id)
