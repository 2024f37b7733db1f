"""Opt-outs and opt-ins by message and by RPC."""

import re
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from conversation_service.domain.templates.catalog import Template
from maskline.admin.v1 import person_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.ingest.v1 import ingest_pb2
from support.builders.conversation_calls import ask, filled, participants, refused
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    SEED,
    seeded,
    system_message,
)
from support.clock import ManualClock
from support.services.conversation_service import RunningService, running

DAVE_NUMBER = "+13605550144"
ELSEWHERE = "+12065550102"
SECOND = seeded(ELSEWHERE, name="second")


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    """One replica with two pools."""
    async with running(redis_url, clock, SEED, SECOND) as replica:
        yield replica


async def everywhere(service: RunningService) -> list[tuple[str, str]]:
    """Alice has three conversations: on two numbers of one pool, and in another pool."""
    on_one = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=MASKED)
    on_another = await service.open(CAROL_NUMBER, ALICE_NUMBER, masked_number=OTHER_MASKED)
    await service.introduce(ALICE_NUMBER, DAVE_NUMBER, pool=SECOND.name)
    request = pb.CreateConversationRequest(
        pool_id=SECOND.name, participants=participants(ALICE_NUMBER, DAVE_NUMBER), silent=True
    )
    in_another = (await ask(service.stub.CreateConversation, request)).conversation
    return [
        (conversation.pool_id, conversation.conversation_id)
        for conversation in (on_one, on_another, in_another)
    ]


async def end_reason(
    service: RunningService, pool: str, conversation_id: str
) -> pb.EndReason.ValueType:
    request = pb.GetConversationRequest(pool_id=pool, conversation_id=conversation_id)
    return (await ask(service.stub.GetConversation, request)).conversation.end_reason


async def state(service: RunningService) -> person_pb2.OptOut:
    """The opt-out state of Alice."""
    request = person_pb2.GetOptOutRequest(phone_number=ALICE_NUMBER)
    return (await ask(service.people.GetOptOut, request)).opt_out


async def opted_out(service: RunningService) -> person_pb2.OptOut:
    request = person_pb2.OptOutPersonRequest(phone_number=ALICE_NUMBER)
    return (await ask(service.people.OptOutPerson, request)).opt_out


async def test_an_opt_out_by_message_ends_all_conversations_and_gives_partners_no_reason(
    service: RunningService,
) -> None:
    conversations = await everywhere(service)
    await service.deliver(ALICE_NUMBER, "Unsubscribe")
    for partner in (BOB_NUMBER, CAROL_NUMBER, DAVE_NUMBER):
        assert await service.heard(partner, 1) == [system_message(Template.ENDED)]
    for pool, conversation_id in conversations:
        assert await end_reason(service, pool, conversation_id) == pb.END_REASON_OPTED_OUT
    assert await service.heard(ALICE_NUMBER, 1) == [system_message(Template.OPTED_OUT)]
    opt_out = await state(service)
    assert opt_out.opted_out
    assert opt_out.source == person_pb2.OPT_OUT_SOURCE_TEXT
    assert opt_out.opt_out_time.ToDatetime() == service.clock.now().replace(tzinfo=None)


async def test_no_message_is_sent_to_an_opted_out_person(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    opt_out = service.text(ALICE_NUMBER, "quit")
    await service.receive(opt_out)
    again = (await service.receive(opt_out)).results[0]
    assert again.outcome == ingest_pb2.INGEST_OUTCOME_REPEATED
    for body in ("hello", "please stop", "join ABC234", "quit", "end"):
        for number in (MASKED, ELSEWHERE):
            await service.deliver(ALICE_NUMBER, body, to=number)
    for pool in (SEED, SECOND):
        await service.quiet(pool.name)
    assert service.sent_to(ALICE_NUMBER) == [system_message(Template.OPTED_OUT)]
    assert service.sent_to(BOB_NUMBER) == [system_message(Template.ENDED)]
    with refused("PARTICIPANT_OPTED_OUT"):
        await service.open(CAROL_NUMBER, ALICE_NUMBER)


async def test_help_of_an_opted_out_person_is_answered_once_a_day(service: RunningService) -> None:
    await service.deliver(ALICE_NUMBER, "wrong number")
    for _ in range(2):
        await service.deliver(ALICE_NUMBER, "help")
    await service.quiet(SEED.name)
    answers = [system_message(Template.OPTED_OUT), system_message(Template.HELP)]
    assert service.sent_to(ALICE_NUMBER) == answers
    service.clock.move(days=1)
    await service.deliver(ALICE_NUMBER, "help")
    assert await service.heard(ALICE_NUMBER, 3) == [*answers, system_message(Template.HELP)]


async def test_join_opts_in_and_joins(service: RunningService) -> None:
    await service.deliver(ALICE_NUMBER, "start")
    [code_message] = await service.heard(ALICE_NUMBER, 1)
    [code] = re.findall(r"JOIN (\w{6})", code_message)
    await service.deliver(BOB_NUMBER, "quit")
    await service.deliver(BOB_NUMBER, f"join {code}")
    assert await service.heard(BOB_NUMBER, 2) == [
        system_message(Template.OPTED_OUT),
        system_message(Template.YOU_JOINED),
    ]


async def test_words_that_ask_for_no_more_texts_opt_out_in_every_pool(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(ALICE_NUMBER, "please stop texting me", to=ELSEWHERE)
    assert await service.heard(BOB_NUMBER, 1) == [system_message(Template.ENDED)]


async def test_a_repeated_delivery_of_an_old_opt_out_ends_no_new_conversation(
    service: RunningService,
) -> None:
    opt_out = service.text(ALICE_NUMBER, "quit")
    await service.receive(opt_out)
    await service.deliver(ALICE_NUMBER, "yes")
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.receive(opt_out)
    assert not (await state(service)).opted_out
    assert (
        await end_reason(service, SEED.name, conversation.conversation_id)
        == pb.END_REASON_UNSPECIFIED
    )


async def test_a_repeated_opt_out_keeps_the_first(service: RunningService) -> None:
    request = filled(person_pb2.OptOutPersonRequest(phone_number=ALICE_NUMBER))
    first = await ask(service.people.OptOutPerson, request)
    service.clock.move(hours=1)
    assert await ask(service.people.OptOutPerson, request) == first
    assert await opted_out(service) == first.opt_out


async def test_an_opt_in_by_message_or_rpc_applies_to_every_pool_and_reopens_nothing(
    service: RunningService,
) -> None:
    [(pool, conversation_id), *_] = await everywhere(service)
    await service.deliver(ALICE_NUMBER, "quit")
    await service.deliver(ALICE_NUMBER, "UNSTOP", to=ELSEWHERE)
    expected = [system_message(Template.OPTED_OUT), system_message(Template.OPTED_IN)]
    assert sorted(await service.heard(ALICE_NUMBER, 2)) == sorted(expected)
    assert not (await state(service)).opted_out
    assert (await opted_out(service)).source == person_pb2.OPT_OUT_SOURCE_CLIENT
    request = person_pb2.OptInPersonRequest(phone_number=ALICE_NUMBER)
    for _ in range(2):
        response = await ask(service.people.OptInPerson, request)
        assert response.opt_out == person_pb2.OptOut() == await state(service)
    assert await end_reason(service, pool, conversation_id) == pb.END_REASON_OPTED_OUT
    service.clock.move(minutes=3)
    await service.open(ALICE_NUMBER, CAROL_NUMBER)
