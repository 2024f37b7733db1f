"""ListEvents and ListMessages: every event of a conversation, no phone numbers, no bodies."""

from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import message_pb2
from maskline.ingest.v1 import ingest_pb2
from maskline.messaging.v1 import messaging_pb2
from support.builders.conversation_calls import ask, kinds, participants
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER
from support.services.conversation_service import RunningService

BODY = "see you at the harbour"


async def opened(service: RunningService) -> pb.Conversation:
    """A conversation whose two system messages have been sent."""
    request = pb.CreateConversationRequest(participants=participants(ALICE_NUMBER, BOB_NUMBER))
    conversation = (await ask(service.stub.CreateConversation, request)).conversation
    await service.quiet()
    return conversation


async def messages(service: RunningService, conversation_id: str) -> list[message_pb2.Message]:
    request = message_pb2.ListMessagesRequest(conversation_id=conversation_id)
    return list((await ask(service.stub.ListMessages, request)).messages)


async def test_a_timeline_has_every_event_in_order(service: RunningService) -> None:
    conversation = await opened(service)
    await service.deliver(ALICE_NUMBER, BODY)
    await service.quiet()
    await service.receipts(service.sent()[-1].message_id)
    await service.deliver(BOB_NUMBER, " ")
    await service.quiet()
    service.messaging.receipt_state = messaging_pb2.MESSAGE_STATE_UNDELIVERED
    await service.receipts(service.sent()[-1].message_id)
    await service.deliver(BOB_NUMBER, "end")
    await service.quiet()
    events = kinds(await service.timeline(conversation.conversation_id))
    assert events == [
        ("CONVERSATION_CREATED", ""),
        *[("MESSAGE_ACCEPTED", "opened")] * 2,
        *[("MESSAGE_SENT", "")] * 2,
        ("MESSAGE_RELAYED", ""),
        ("MESSAGE_SENT", ""),
        ("MESSAGE_DELIVERED", ""),
        ("MESSAGE_NOT_RELAYED", "EMPTY"),
        ("MESSAGE_ACCEPTED", "empty"),
        ("MESSAGE_SENT", ""),
        ("MESSAGE_UNDELIVERED", "CARRIER_REJECTED"),
        ("KEYWORD_RECEIVED", "END"),
        ("CONVERSATION_ENDED", "PARTICIPANT_ENDED"),
        *[("MESSAGE_ACCEPTED", "ended")] * 2,
        *[("MESSAGE_SENT", "")] * 2,
    ]


async def test_a_repeated_or_outdated_receipt_changes_nothing(service: RunningService) -> None:
    conversation = await opened(service)
    message_id = service.sent()[0].message_id
    outcomes = await service.receipts(message_id, "nobodys", "")
    assert outcomes == [
        ingest_pb2.RECEIPT_OUTCOME_RECORDED,
        *[ingest_pb2.RECEIPT_OUTCOME_UNMATCHED] * 2,
    ]
    before = await service.timeline(conversation.conversation_id)
    for state in (messaging_pb2.MESSAGE_STATE_SENT, messaging_pb2.MESSAGE_STATE_UNDELIVERED):
        service.messaging.receipt_state = state
        await service.receipts(message_id)
    assert await service.timeline(conversation.conversation_id) == before
    [first, _] = await messages(service, conversation.conversation_id)
    assert first.state == message_pb2.MESSAGE_STATE_DELIVERED


async def test_messages_are_listed_with_author_recipient_and_state(service: RunningService) -> None:
    conversation = await opened(service)
    alice, bob = (participant.participant_id for participant in conversation.participants)
    service.clock.move(seconds=1)
    await service.deliver(ALICE_NUMBER, BODY)
    await service.quiet()
    listed = await messages(service, conversation.conversation_id)
    assert [
        (message.template, message.author_participant_id, message.recipient_participant_id)
        for message in listed
    ] == [("opened", "", alice), ("opened", "", bob), ("", alice, bob)]
    assert {message.state for message in listed} == {message_pb2.MESSAGE_STATE_SENT}
    sent = {message.message_id for message in service.sent()}
    assert {message.message_id for message in listed} == sent
    accepted = [message.create_time.ToDatetime() for message in listed]
    assert accepted[0] == accepted[1] < accepted[2]
    assert all(message.HasField("update_time") for message in listed)


async def test_no_response_contains_a_phone_number_or_a_body(service: RunningService) -> None:
    conversation = await opened(service)
    conversation_id = conversation.conversation_id
    await service.deliver(ALICE_NUMBER, BODY)
    await service.quiet()
    participant_id = conversation.participants[0].participant_id
    listing = pb.ListConversationsRequest(participant_id=participant_id)
    responses = (
        await service.get(conversation_id),
        await ask(service.stub.ListConversations, listing),
        await service.timeline(conversation_id),
        await messages(service, conversation_id),
    )
    for secret in (ALICE_NUMBER[1:], BOB_NUMBER[1:], ALICE_NUMBER[5:], BODY):
        assert secret not in str(responses)
    for participant in conversation.participants:
        assert [field.name for field, _ in participant.ListFields()] == ["participant_id"]
