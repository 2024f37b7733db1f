"""Opting out of all texts and in again, by text and by an internal client."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from conversation_service.domain.templates.catalog import Template
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import opt_out_pb2
from support.clock import ManualClock
from support.conversation_calls import ask, filled, refused
from support.conversation_service import RunningService, running
from support.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    SEED,
    SETTINGS,
    says,
    seeded,
)

DAVE_NUMBER = "+13605550144"
ELSEWHERE = "+12065550102"
SECOND = seeded(ELSEWHERE, name="second")


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    """One replica with two pools."""
    async with running(redis_url, clock, SEED, SECOND) as one:
        yield one


async def everywhere(service: RunningService) -> list[tuple[str, str]]:
    """Alice talks with three people, on two numbers of one pool and in another pool."""
    on_one = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=MASKED)
    on_another = await service.open(CAROL_NUMBER, ALICE_NUMBER, masked_number=OTHER_MASKED)
    request = pb.OpenConversationRequest(
        pool=SECOND.name, phone_numbers=[ALICE_NUMBER, DAVE_NUMBER], is_silent=True
    )
    in_another = (await ask(service.stub.OpenConversation, request)).conversation
    return [(one.pool, one.conversation_id) for one in (on_one, on_another, in_another)]


async def ends(service: RunningService, pool: str, name: str) -> pb.EndReason.ValueType:
    request = pb.GetConversationRequest(pool=pool, conversation_id=name)
    return (await ask(service.stub.GetConversation, request)).conversation.end_reason


async def state(service: RunningService) -> opt_out_pb2.OptOutState:
    """Alice's."""
    request = opt_out_pb2.GetOptOutRequest(phone_number=ALICE_NUMBER)
    return (await ask(service.opt_outs.GetOptOut, request)).state


async def opted_out(service: RunningService) -> opt_out_pb2.OptOutState:
    request = opt_out_pb2.OptOutRequest(phone_number=ALICE_NUMBER)
    return (await ask(service.opt_outs.OptOut, request)).state


async def all_quiet(service: RunningService) -> None:
    for pool in (SEED, SECOND):
        await service.quiet(pool.name)


async def test_an_opt_out_by_text_ends_everything_and_tells_the_partners_neutrally(
    service: RunningService,
) -> None:
    conversations = await everywhere(service)
    await service.says(ALICE_NUMBER, "Unsubscribe")
    for partner in (BOB_NUMBER, CAROL_NUMBER, DAVE_NUMBER):
        assert await service.heard(partner, 1) == [says(Template.ENDED)]
    for pool, name in conversations:
        assert await ends(service, pool, name) == pb.END_REASON_OPTED_OUT
    assert await service.heard(ALICE_NUMBER, 1) == [says(Template.OPTED_OUT)]
    known = await state(service)
    assert known.is_opted_out
    assert known.source == opt_out_pb2.OPT_OUT_SOURCE_TEXT
    assert known.opt_out_time.ToDatetime() == service.clock.now().replace(tzinfo=None)


async def test_nothing_is_sent_to_who_opted_out_whatever_comes(service: RunningService) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    opt_out = service.text(ALICE_NUMBER, "quit")
    await service.receive(opt_out)
    again = (await service.receive(opt_out)).results[0]
    assert again.outcome == pb.RECEIVE_OUTCOME_REPEATED
    for body in ("hello", "help", "join ABC234", "quit", "end"):
        for number in (MASKED, ELSEWHERE):
            await service.says(ALICE_NUMBER, body, to=number)
    await all_quiet(service)
    assert service.sent_to(ALICE_NUMBER) == [says(Template.OPTED_OUT)]
    assert service.sent_to(BOB_NUMBER) == [says(Template.ENDED)]
    with refused("PARTICIPANT_OPTED_OUT"):
        await service.open(CAROL_NUMBER, ALICE_NUMBER)


async def test_an_old_opt_out_handed_in_again_ends_nothing_new(service: RunningService) -> None:
    opt_out = service.text(ALICE_NUMBER, "quit")
    await service.receive(opt_out)
    await service.says(ALICE_NUMBER, "yes")
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.receive(opt_out)
    assert not (await state(service)).is_opted_out
    assert await ends(service, SEED.name, conversation.conversation_id) == pb.END_REASON_UNSPECIFIED


async def test_the_word_that_the_carrier_answers_itself_gets_no_answer_of_ours(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.says(ALICE_NUMBER, "STOP")
    assert (await state(service)).is_opted_out
    await all_quiet(service)
    assert service.sent_to(ALICE_NUMBER) == []


async def test_an_opt_out_by_a_client_is_told_to_partners_and_not_to_the_person(
    service: RunningService,
) -> None:
    await everywhere(service)
    known = await opted_out(service)
    assert known.source == opt_out_pb2.OPT_OUT_SOURCE_CLIENT
    await all_quiet(service)
    assert service.sent_to(ALICE_NUMBER) == []
    for partner in (BOB_NUMBER, CAROL_NUMBER, DAVE_NUMBER):
        assert service.sent_to(partner) == [says(Template.ENDED)]


async def test_a_repeated_opt_out_keeps_the_first_and_changes_nothing(
    service: RunningService,
) -> None:
    request = filled(opt_out_pb2.OptOutRequest(phone_number=ALICE_NUMBER))
    first = await ask(service.opt_outs.OptOut, request)
    service.clock.move(hours=1)
    assert await ask(service.opt_outs.OptOut, request) == first
    assert await opted_out(service) == first.state


async def test_a_start_of_who_opted_out_opts_in_and_starts(service: RunningService) -> None:
    await opted_out(service)
    await service.says(ALICE_NUMBER, "start")
    [invitation] = await service.heard(ALICE_NUMBER, 1)
    code = invitation.removeprefix("Your code is ")[:6]
    assert invitation == says(Template.CODE, code=code, span=SETTINGS.code_lifetime)
    assert not (await state(service)).is_opted_out
    await service.join(BOB_NUMBER, code)


@pytest.mark.parametrize("word", ["yes", "UNSTOP"])
async def test_words_that_opt_in_do_so_in_every_pool(service: RunningService, word: str) -> None:
    await everywhere(service)
    await service.says(ALICE_NUMBER, "quit")
    await service.says(ALICE_NUMBER, word, to=ELSEWHERE)
    expected = [says(Template.OPTED_OUT), says(Template.OPTED_IN)]
    assert sorted(await service.heard(ALICE_NUMBER, 2)) == sorted(expected)
    assert not (await state(service)).is_opted_out
    service.clock.move(minutes=3)
    await service.open(ALICE_NUMBER, CAROL_NUMBER)


async def test_a_client_opts_somebody_in_and_what_ended_stays_ended(
    service: RunningService,
) -> None:
    [(pool, name), *_] = await everywhere(service)
    await opted_out(service)
    request = opt_out_pb2.OptInRequest(phone_number=ALICE_NUMBER)
    for _ in range(2):
        answer = await ask(service.opt_outs.OptIn, request)
        assert answer.state == opt_out_pb2.OptOutState() == await state(service)
    assert await ends(service, pool, name) == pb.END_REASON_OPTED_OUT


async def test_a_pool_may_take_a_bare_end_for_an_opt_out(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock, seeded(settings={"end_opts_out": True})) as service:
        await service.open(ALICE_NUMBER, BOB_NUMBER)
        await service.says(ALICE_NUMBER, "END")
        assert await service.heard(ALICE_NUMBER, 1) == [says(Template.OPTED_OUT)]
        assert (await state(service)).is_opted_out
