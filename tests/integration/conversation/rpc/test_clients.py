"""RPCs of clients: start, join, send, end; idempotency and unexpected errors."""

import asyncio

import grpc
import pytest

from conversation_service.domain.templates.catalog import Template
from conversation_service.rpc.core.status import DOMAIN
from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversation_calls import CALL_SECONDS, ask, filled, refused
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    SETTINGS,
    system_message,
)
from support.net.grpc_calls import reason
from support.services.conversation_service import RunningService


async def test_start_and_join_connect_two_people_and_notify_both(service: RunningService) -> None:
    started = await service.start(ALICE_NUMBER)
    joined = await service.join(BOB_NUMBER, started.code.lower())
    assert joined.conversation_id == started.conversation.conversation_id
    assert started.conversation.state == pb.CONVERSATION_STATE_WAITING
    assert joined.state == pb.CONVERSATION_STATE_ACTIVE
    assert joined.etag != started.conversation.etag
    invitation = system_message(Template.CODE, code=started.code, span=SETTINGS.code_lifetime)
    assert await service.heard(ALICE_NUMBER, 2) == [
        invitation,
        system_message(Template.SOMEBODY_JOINED),
    ]
    assert await service.heard(BOB_NUMBER, 1) == [system_message(Template.YOU_JOINED)]


async def test_of_concurrent_joins_with_the_same_code_exactly_one_succeeds(
    service: RunningService,
) -> None:
    started = await service.start(ALICE_NUMBER)
    numbers = [f"+1425555012{digit}" for digit in range(8)]
    results = await asyncio.gather(
        *(service.join(number, started.code) for number in numbers), return_exceptions=True
    )
    refusals = [result for result in results if isinstance(result, grpc.aio.AioRpcError)]
    assert len(refusals) == len(numbers) - 1
    assert {reason(refusal, DOMAIN) for refusal in refusals} == {"CODE_NOT_VALID"}


async def test_concurrent_starts_of_one_person_give_one_conversation_per_number(
    service: RunningService,
) -> None:
    results = await asyncio.gather(
        *(service.start(ALICE_NUMBER) for _ in range(6)), return_exceptions=True
    )
    started = [result for result in results if isinstance(result, pb.StartConversationResponse)]
    assert {response.conversation.masked_number for response in started} == {MASKED, OTHER_MASKED}
    assert len(started) == 2
    refusals = [result for result in results if isinstance(result, grpc.aio.AioRpcError)]
    assert {reason(refusal, DOMAIN) for refusal in refusals} == {"NO_NUMBER_AVAILABLE"}


async def test_a_client_sends_for_a_participant_and_as_the_system(service: RunningService) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    message = pb.SendMessageRequest(
        conversation_id=conversation.conversation_id, body="from a client"
    )
    for_alice, by_the_system = filled(message), filled(message)
    for_alice.participant_id = conversation.participants[0].participant_id
    by_the_system.system = True
    to_one = await ask(service.stub.SendMessage, for_alice)
    assert len(to_one.message_ids) == 1
    assert not to_one.is_held
    to_both = await ask(service.stub.SendMessage, by_the_system)
    assert len(to_both.message_ids) == 2
    assert await service.heard(BOB_NUMBER, 2) == ["from a client"] * 2
    assert await service.heard(ALICE_NUMBER, 1) == ["from a client"]


async def test_a_repeated_request_gets_the_first_response_although_the_state_has_changed(
    service: RunningService,
) -> None:
    request = filled(pb.StartConversationRequest(phone_number=ALICE_NUMBER))
    first = await ask(service.stub.StartConversation, request)
    await service.join(BOB_NUMBER, first.code)
    assert await ask(service.stub.StartConversation, request) == first
    request.phone_number = BOB_NUMBER
    with refused("REQUEST_ID_REUSED"):
        await ask(service.stub.StartConversation, request)


async def test_an_end_by_the_operator_notifies_both_and_keeps_its_note_from_them(
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
        assert await service.heard(number, 1) == [system_message(Template.ENDED)]
    timeline = await service.timeline(conversation.conversation_id)
    assert "complaint" not in str(timeline)


async def test_an_end_for_a_participant_has_their_end_reason(service: RunningService) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    request = pb.EndConversationRequest(
        conversation_id=conversation.conversation_id,
        participant_id=conversation.participants[1].participant_id,
    )
    ended = (await ask(service.stub.EndConversation, request)).conversation
    assert ended.end_reason == pb.END_REASON_PARTICIPANT_ENDED
    assert ended.end_note == ""
    assert await service.heard(ALICE_NUMBER, 1) == await service.heard(BOB_NUMBER, 1)


async def test_an_ended_waiting_conversation_has_no_valid_code(service: RunningService) -> None:
    started = await service.start(ALICE_NUMBER)
    await service.end(started.conversation.conversation_id)
    assert (await service.heard(ALICE_NUMBER, 2))[1] == system_message(Template.CANCELLED)
    with refused("CODE_NOT_VALID"):
        await service.join(BOB_NUMBER, started.code)


async def test_a_unique_name_is_unique_among_live_conversations(service: RunningService) -> None:
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
