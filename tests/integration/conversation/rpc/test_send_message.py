"""SendMessage: to whom, with which files, and its answer."""

import pytest
from integration.conversation.rpc.message_calls import get, send, talking

from conversation_service.domain.templates.catalog import Template
from maskline.conversation.v1 import message_pb2
from maskline.messaging.v1 import messaging_pb2
from support.builders.conversation_calls import ask, kind, refused
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER, system_message
from support.services.conversation_service import RunningService

FILE = message_pb2.Attachment(url="https://media.example.net/1", content_type="image/png")
ONE_FILE_REFUSED = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_SENT,
    state=messaging_pb2.MESSAGE_STATE_SENT,
    refused_attachment_count=1,
)


async def test_the_system_sends_to_one_participant_or_to_both(service: RunningService) -> None:
    conversation, alice, bob = await talking(service)
    system = message_pb2.System()
    both = await send(service, conversation, system=system, body="hello")
    one = await send(
        service, conversation, system=system, body="for you", recipient_participant_ids=[bob]
    )
    assert [message.recipient_participant_id for message in (*both, *one)] == [alice, bob, bob]
    assert {message.WhichOneof("author") for message in (*both, *one)} == {"system"}
    assert await service.heard(BOB_NUMBER, 2) == ["hello", "for you"]
    assert service.sent_to(ALICE_NUMBER) == ["hello"]
    sent = {message.message_id for message in service.sent()}
    assert {message.message_id for message in (*both, *one)} == sent
    with refused("PARTICIPANT_NOT_FOUND"):
        await send(
            service, conversation, system=system, body="?", recipient_participant_ids=["nobody"]
        )


async def test_files_of_a_client_are_sent_as_those_of_people_are(service: RunningService) -> None:
    conversation, alice, _ = await talking(service)
    [message] = await send(service, conversation, participant_id=alice, media=[FILE])
    assert (message.attachment_count, message.segment_count) == (1, 1)
    await service.quiet()
    [sent] = service.sent()
    assert (sent.message_id, sent.body) == (message.message_id, "")
    assert [(one.url, one.content_type) for one in sent.attachments] == [
        ("https://media.example.net/1", "image/png")
    ]
    assert (await get(service, message.message_id)).attachment_count == 1


async def test_the_first_answer_comes_again_though_the_message_has_moved_on(
    service: RunningService,
) -> None:
    conversation, alice, _ = await talking(service)
    request = message_pb2.SendMessageRequest(
        request_id="r",
        conversation_id=conversation.conversation_id,
        participant_id=alice,
        body="hello",
    )
    first = await ask(service.stub.SendMessage, request)
    await service.quiet()
    service.clock.move(seconds=5)
    assert await ask(service.stub.SendMessage, request) == first
    [message] = first.messages
    now = await get(service, message.message_id)
    assert (message.state, now.state) == (
        message_pb2.MESSAGE_STATE_ACCEPTED,
        message_pb2.MESSAGE_STATE_SENT,
    )
    request.recipient_participant_ids.append(conversation.participants[1].participant_id)
    with refused("REQUEST_ID_REUSED"):
        await ask(service.stub.SendMessage, request)


@pytest.mark.parametrize("is_of_system", [True, False])
async def test_a_refused_file_of_a_client_has_an_event(
    service: RunningService, is_of_system: bool
) -> None:
    conversation, alice, bob = await talking(service)
    service.messaging.answers["look"] = [ONE_FILE_REFUSED]
    content: dict[str, object] = {"body": "look", "media": [FILE]}
    if is_of_system:
        content |= {"system": message_pb2.System(), "recipient_participant_ids": [bob]}
    else:
        content["participant_id"] = alice
    [message] = await send(service, conversation, **content)
    await service.quiet()
    events = await service.timeline(conversation.conversation_id)
    [refusal] = [event for event in events if kind(event) == "MESSAGE_ATTACHMENTS_REFUSED"]
    assert refusal.message_id == message.message_id
    assert refusal.participant_id == (bob if is_of_system else alice)
    notice = system_message(Template.ATTACHMENT_NOT_PASSED_ON)
    assert service.sent_to(ALICE_NUMBER) == ([] if is_of_system else [notice])
