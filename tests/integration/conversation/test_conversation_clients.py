"""What internal clients do in conversations: start, join, speak, end; each call once."""

import asyncio

import grpc
import pytest

from conversation_service.domain.templates.catalog import Template
from conversation_service.rpc.core.status import DOMAIN
from maskline.conversation.v1 import conversation_pb2 as pb
from support.conversation_calls import CALL_SECONDS, ask, filled, refused
from support.conversation_service import RunningService
from support.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    SETTINGS,
    says,
)
from support.grpc_calls import reason


async def test_a_start_and_a_join_connect_two_people_who_are_both_told(
    service: RunningService,
) -> None:
    started = await service.start(ALICE_NUMBER)
    joined = await service.join(BOB_NUMBER, started.code.lower())
    assert joined.conversation_id == started.conversation.conversation_id
    assert started.conversation.state == pb.CONVERSATION_STATE_WAITING
    assert joined.state == pb.CONVERSATION_STATE_ACTIVE
    assert joined.etag != started.conversation.etag
    invitation = says(Template.CODE, code=started.code, span=SETTINGS.code_lifetime)
    assert await service.heard(ALICE_NUMBER, 2) == [invitation, says(Template.SOMEBODY_JOINED)]
    assert await service.heard(BOB_NUMBER, 1) == [says(Template.YOU_JOINED)]


async def test_of_many_who_join_with_one_code_exactly_one_is_let_in(
    service: RunningService,
) -> None:
    started = await service.start(ALICE_NUMBER)
    numbers = [f"+1425555012{digit}" for digit in range(8)]
    results = await asyncio.gather(
        *(service.join(number, started.code) for number in numbers), return_exceptions=True
    )
    refusals = [one for one in results if isinstance(one, grpc.aio.AioRpcError)]
    assert len(refusals) == len(numbers) - 1
    assert {reason(one, DOMAIN) for one in refusals} == {"CODE_NOT_VALID"}


async def test_one_who_starts_many_times_at_once_has_one_conversation_a_number(
    service: RunningService,
) -> None:
    results = await asyncio.gather(
        *(service.start(ALICE_NUMBER) for _ in range(6)), return_exceptions=True
    )
    started = [one for one in results if isinstance(one, pb.StartConversationResponse)]
    assert {one.conversation.masked_number for one in started} == {MASKED, OTHER_MASKED}
    assert len(started) == 2
    refusals = [one for one in results if isinstance(one, grpc.aio.AioRpcError)]
    assert {reason(one, DOMAIN) for one in refusals} == {"NO_NUMBER_AVAILABLE"}


async def test_a_client_speaks_for_a_participant_and_as_the_system(
    service: RunningService,
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    words = pb.SendMessageRequest(
        conversation_id=conversation.conversation_id, body="from a client"
    )
    for_alice, by_the_system = filled(words), filled(words)
    for_alice.participant_id = conversation.participants[0].participant_id
    by_the_system.system = True
    one = await ask(service.stub.SendMessage, for_alice)
    assert len(one.message_ids) == 1
    assert not one.is_held
    both = await ask(service.stub.SendMessage, by_the_system)
    assert len(both.message_ids) == 2
    assert await service.heard(BOB_NUMBER, 2) == ["from a client"] * 2
    assert await service.heard(ALICE_NUMBER, 1) == ["from a client"]
    assert await ask(service.stub.SendMessage, by_the_system) == both
    await service.quiet()
    assert len(service.sent()) == 3


async def test_a_repeated_request_gets_the_first_answer_even_when_the_state_has_moved(
    service: RunningService,
) -> None:
    request = filled(pb.StartConversationRequest(phone_number=ALICE_NUMBER))
    first = await ask(service.stub.StartConversation, request)
    await service.join(BOB_NUMBER, first.code)
    assert await ask(service.stub.StartConversation, request) == first
    request.phone_number = BOB_NUMBER
    with refused("REQUEST_ID_REUSED"):
        await ask(service.stub.StartConversation, request)


async def test_an_ending_by_the_operator_is_told_to_both_and_its_note_to_staff_only(
    service: RunningService,
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    request = pb.EndConversationRequest(
        conversation_id=conversation.conversation_id, note="a complaint"
    )
    ended = (await ask(service.stub.EndConversation, request)).conversation
    assert ended.end_reason == pb.END_REASON_OPERATOR_ENDED
    assert ended.end_note == "a complaint"
    assert await service.get(conversation.conversation_id) == ended
    for number in (ALICE_NUMBER, BOB_NUMBER):
        assert await service.heard(number, 1) == [says(Template.ENDED)]
    timeline = await service.timeline(conversation.conversation_id)
    assert "complaint" not in str(timeline)


async def test_an_ending_for_a_participant_is_theirs(service: RunningService) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    request = pb.EndConversationRequest(
        conversation_id=conversation.conversation_id,
        participant_id=conversation.participants[1].participant_id,
    )
    ended = (await ask(service.stub.EndConversation, request)).conversation
    assert ended.end_reason == pb.END_REASON_PARTICIPANT_ENDED
    assert ended.end_note == ""
    assert await service.heard(ALICE_NUMBER, 1) == await service.heard(BOB_NUMBER, 1)


async def test_a_waiting_conversation_can_be_ended_and_its_code_works_no_more(
    service: RunningService,
) -> None:
    started = await service.start(ALICE_NUMBER)
    await service.end(started.conversation.conversation_id)
    assert (await service.heard(ALICE_NUMBER, 2))[1] == says(Template.CANCELLED)
    with refused("CODE_NOT_VALID"):
        await service.join(BOB_NUMBER, started.code)


async def test_a_unique_name_is_taken_while_its_conversation_lives(
    service: RunningService,
) -> None:
    def named(number: str) -> pb.StartConversationRequest:
        return pb.StartConversationRequest(phone_number=number, unique_name="order-7")

    first = (await ask(service.stub.StartConversation, named(ALICE_NUMBER))).conversation
    assert first.unique_name == "order-7"
    with refused("UNIQUE_NAME_TAKEN"):
        await ask(service.stub.StartConversation, named(CAROL_NUMBER))
    await service.end(first.conversation_id)
    second = (await ask(service.stub.StartConversation, named(CAROL_NUMBER))).conversation
    assert second.unique_name == "order-7"
    assert (await service.get(first.conversation_id)).unique_name == "order-7"


async def test_a_surprise_is_internal_and_tells_nothing(
    service: RunningService, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def explode(*_: object) -> None:
        raise ValueError(f"about {ALICE_NUMBER}")

    monkeypatch.setattr("conversation_service.rpc.conversations.requests.check_get", explode)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await service.stub.GetConversation(pb.GetConversationRequest(), timeout=CALL_SECONDS)
    assert failed.value.code() is grpc.StatusCode.INTERNAL
    assert failed.value.details() == "internal error"
    assert ALICE_NUMBER[1:] not in capsys.readouterr().out
