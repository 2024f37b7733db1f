"""SendMessage: to whom, with which files, and its answer."""

from integration.conversation.rpc.message_calls import (
    get,
    send,
    talking,
)

from maskline.conversation.v1 import message_pb2
from support.builders.conversation_calls import ask, refused
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER
from support.services.conversation_service import RunningService


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
    file = message_pb2.Attachment(url="https://media.example.net/1", content_type="image/png")
    [message] = await send(service, conversation, participant_id=alice, media=[file])
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
