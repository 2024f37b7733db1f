"""Opening, pausing, ending and reopening a conversation, over gRPC and Redis."""

from datetime import timedelta

import grpc
import pytest
from redis.asyncio import Redis

from conversation_service.domain.model.pool import NumberPreference
from conversation_service.domain.templates.catalog import Template
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import message_pb2
from maskline.conversation.v1 import number_selection_pb2 as selection_pb
from maskline.conversation.v1.number_selection_pb2 import NumberSelection
from support.builders.conversation_calls import CALL_SECONDS, ask, kinds, participants, refused
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

THIRD_MASKED = "+12065550102"
ALICES_AREA, CAROLS_AREA = "+14255550101", "+13605550101"
PREFER = NumberSelection(preference=selection_pb.NUMBER_PREFERENCE_PREFER_STICKY)
NEAR_FIRST = NumberSelection(area_code_of=selection_pb.AREA_CODE_OF_FIRST_PARTICIPANT)
NEAR_SECOND = NumberSelection(area_code_of=selection_pb.AREA_CODE_OF_SECOND_PARTICIPANT)


async def selected(
    service: RunningService, *numbers: str, selection: NumberSelection | None = None
) -> str:
    """The masked number of a new conversation."""
    request = pb.CreateConversationRequest(participants=participants(*numbers), selection=selection)
    return (await ask(service.stub.CreateConversation, request)).conversation.masked_number


async def paused(service: RunningService) -> pb.Conversation:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    request = pb.PauseConversationRequest(conversation_id=conversation.conversation_id)
    return (await ask(service.stub.PauseConversation, request)).conversation


async def resume(service: RunningService, conversation: pb.Conversation) -> pb.Conversation:
    request = pb.ResumeConversationRequest(conversation_id=conversation.conversation_id)
    return (await ask(service.stub.ResumeConversation, request)).conversation


async def ended(service: RunningService) -> str:
    """The id of a conversation of Alice and Bob that the operator has just ended."""
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.end(conversation.conversation_id)
    await service.quiet()
    return conversation.conversation_id


async def test_an_opening_notifies_both_and_starts_the_lifetimes(service: RunningService) -> None:
    request = pb.CreateConversationRequest(participants=participants(ALICE_NUMBER, BOB_NUMBER))
    conversation = (await ask(service.stub.CreateConversation, request)).conversation
    begun = conversation.create_time.ToDatetime()
    assert conversation.join_time.ToDatetime() == begun
    assert conversation.expire_time.ToDatetime() == begun + timedelta(days=7)
    assert conversation.max_end_time.ToDatetime() == begun + timedelta(days=90)
    await service.deliver(BOB_NUMBER, "hello", to=conversation.masked_number)
    assert await service.heard(ALICE_NUMBER, 2) == [system_message(Template.OPENED), "hello"]
    assert await service.heard(BOB_NUMBER, 1) == [system_message(Template.OPENED)]


async def test_a_pair_gets_its_last_number_again_if_the_pool_or_the_client_prefers_that(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    avoiding = {"relay.number_preference": NumberPreference.AVOID_STICKY}
    pool = seeded(MASKED, OTHER_MASKED, THIRD_MASKED, settings=avoiding)
    async with running(redis_url, clock, pool) as service:
        met = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=THIRD_MASKED)
        await service.end(met.conversation_id)
        clock.move(minutes=3)
        assert await selected(service, ALICE_NUMBER, BOB_NUMBER) != THIRD_MASKED
        again = await selected(service, ALICE_NUMBER, BOB_NUMBER, selection=PREFER)
        assert again == THIRD_MASKED


async def test_a_number_with_the_area_code_of_a_participant_is_preferred(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock, seeded(MASKED, ALICES_AREA, CAROLS_AREA)) as service:
        for near, number in ((NEAR_FIRST, CAROLS_AREA), (NEAR_SECOND, ALICES_AREA)):
            assert await selected(service, CAROL_NUMBER, ALICE_NUMBER, selection=near) == number


async def test_held_messages_are_relayed_once_and_in_order_after_the_pause(
    service: RunningService,
) -> None:
    conversation = await paused(service)
    assert conversation.HasField("pause_time")
    text = service.text(ALICE_NUMBER, "one")
    for _ in range(3):
        await service.receive(text)
    by_client = message_pb2.SendMessageRequest(
        conversation_id=conversation.conversation_id,
        participant_id=conversation.participants[0].participant_id,
        body="two",
    )
    [held] = (await ask(service.stub.SendMessage, by_client)).messages
    assert held.state == message_pb2.MESSAGE_STATE_HELD
    await service.deliver(BOB_NUMBER, "three")
    await service.deliver(ALICE_NUMBER, "four")
    paused_held = system_message(Template.PAUSED_HELD)
    heard = await service.heard(ALICE_NUMBER, 1)
    assert heard == await service.heard(BOB_NUMBER, 1) == [paused_held]
    resumed = await resume(service, conversation)
    assert not resumed.HasField("pause_time")
    goes_on = system_message(Template.RESUMED)
    assert await service.heard(ALICE_NUMBER, 3) == [paused_held, goes_on, "three"]
    assert await service.heard(BOB_NUMBER, 5) == [paused_held, goes_on, "one", "two", "four"]
    await service.deliver(ALICE_NUMBER, "five")
    assert (await service.heard(BOB_NUMBER, 6))[-1] == "five"
    events = kinds(await service.timeline(conversation.conversation_id))
    assert events.count(("MESSAGE_HELD", "")) == 4
    assert {("CONVERSATION_PAUSED", ""), ("CONVERSATION_RESUMED", "")} < set(events)


async def test_an_end_during_a_pause_notifies_authors_of_discarded_messages(
    service: RunningService,
) -> None:
    conversation = await paused(service)
    await service.deliver(ALICE_NUMBER, "never passed on")
    await service.deliver(BOB_NUMBER, "end")
    notices = [system_message(Template.NOT_PASSED_ON), system_message(Template.ENDED)]
    assert (await service.heard(ALICE_NUMBER, 3))[1:] == notices
    events = kinds(await service.timeline(conversation.conversation_id))
    assert ("HELD_MESSAGES_DROPPED", "1") in events
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == notices[1:]


async def test_an_end_by_the_operator_notifies_both_and_keeps_its_note_from_them(
    service: RunningService,
) -> None:
    name = (await service.open(ALICE_NUMBER, BOB_NUMBER)).conversation_id
    request = pb.EndConversationRequest(conversation_id=name, note="a complaint")
    conversation = (await ask(service.stub.EndConversation, request)).conversation
    assert conversation.end_reason == pb.END_REASON_CLIENT
    assert conversation.end_note == "a complaint"
    assert await service.get(name) == conversation
    for number in (ALICE_NUMBER, BOB_NUMBER):
        assert await service.heard(number, 1) == [system_message(Template.ENDED)]
    assert "complaint" not in str(await service.timeline(name))


async def test_an_end_for_a_participant_has_their_end_reason(service: RunningService) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    request = pb.EndConversationRequest(
        conversation_id=conversation.conversation_id,
        participant_id=conversation.participants[1].participant_id,
    )
    response = await ask(service.stub.EndConversation, request)
    assert response.conversation.end_reason == pb.END_REASON_PARTICIPANT_ENDED


async def test_a_late_message_reaches_neither_the_old_partner_nor_a_new_one(
    service: RunningService,
) -> None:
    await ended(service)
    carols = await service.start(CAROL_NUMBER, MASKED)
    with refused("MASKED_NUMBER_COOLING"):
        await service.join(ALICE_NUMBER, carols.join_code)
    for body in (f"join {carols.join_code}", "start", "a late text"):
        await service.deliver(ALICE_NUMBER, body)
    reply = system_message(Template.JUST_ENDED, span=SETTINGS.lifecycle.cool_off)
    assert (await service.heard(ALICE_NUMBER, 4))[1:] == [reply] * 3
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == [system_message(Template.ENDED)]
    assert len(service.sent_to(CAROL_NUMBER)) == 1


async def test_a_reopened_conversation_relays_again(service: RunningService) -> None:
    name = await ended(service)
    before = await service.get(name)
    service.clock.move(minutes=59)
    request = pb.ReopenConversationRequest(conversation_id=name)
    after = (await ask(service.stub.ReopenConversation, request)).conversation
    assert after.state == pb.CONVERSATION_STATE_ACTIVE
    assert after.participants == before.participants
    assert after.etag != before.etag
    assert after.end_reason == pb.END_REASON_UNSPECIFIED
    assert not after.HasField("end_time")
    await service.deliver(BOB_NUMBER, "where were we?")
    reopened = system_message(Template.REOPENED)
    assert (await service.heard(ALICE_NUMBER, 3))[1:] == [reopened, "where were we?"]
    assert (await service.heard(BOB_NUMBER, 2))[1:] == [reopened]
    events = [kind for kind, _ in kinds(await service.timeline(name))]
    assert events.index("CONVERSATION_REOPENED") > events.index("CONVERSATION_ENDED")


async def test_an_unexpected_error_is_internal_without_details(
    service: RunningService, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def explode(*_: object) -> None:
        raise ValueError(f"about {ALICE_NUMBER}")

    monkeypatch.setattr("conversation_service.rpc.conversations.requests.validate_get", explode)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await service.stub.GetConversation(pb.GetConversationRequest(), timeout=CALL_SECONDS)
    assert failed.value.code() is grpc.StatusCode.INTERNAL
    assert failed.value.details() == "internal error"
    assert ALICE_NUMBER[1:] not in capsys.readouterr().out
