"""GetTimeline and ListMessages: every event of a conversation, no phone numbers, no bodies."""

from conversation_service.store.event_log import DUPLICATES_RECORDED
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2
from maskline.conversation.v1.error_reason_pb2 import ErrorReason
from maskline.messaging.v1 import messaging_pb2
from support.builders.conversation_calls import CALL_SECONDS, ask, kinds
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER
from support.fakes.scripted_messaging import FORGED_TOKEN
from support.services.conversation_service import RunningService

BODY = "see you at the harbour"


async def opened(service: RunningService) -> pb.Conversation:
    """A conversation whose two system messages have been sent."""
    request = pb.OpenConversationRequest(phone_numbers=[ALICE_NUMBER, BOB_NUMBER])
    conversation = (await ask(service.stub.OpenConversation, request)).conversation
    await service.quiet()
    return conversation


async def messages(
    service: RunningService, conversation_id: str, page_size: int = 0
) -> list[pb.MessageSummary]:
    summaries: list[pb.MessageSummary] = []
    request = pb.ListMessagesRequest(conversation_id=conversation_id, page_size=page_size)
    while True:
        response = await ask(service.stub.ListMessages, request)
        summaries += response.messages
        request.page_token = response.next_page_token
        if not request.page_token:
            return summaries


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
        ("CONVERSATION_OPENED", ""),
        *[("SYSTEM_TEXT_ACCEPTED", "opened")] * 2,
        *[("MESSAGE_SENT", "")] * 2,
        ("MESSAGE_RELAYED", ""),
        ("MESSAGE_SENT", ""),
        ("MESSAGE_DELIVERED", ""),
        ("MESSAGE_NOT_RELAYED", "EMPTY"),
        ("SYSTEM_TEXT_ACCEPTED", "empty"),
        ("MESSAGE_SENT", ""),
        ("MESSAGE_UNDELIVERED", ""),
        ("COMMAND_RECEIVED", "END"),
        ("CONVERSATION_ENDED", "PARTICIPANT_ENDED"),
        *[("SYSTEM_TEXT_ACCEPTED", "ended")] * 2,
        *[("MESSAGE_SENT", "")] * 2,
    ]


async def test_repeated_deliveries_of_a_message_are_recorded_up_to_a_limit(
    service: RunningService,
) -> None:
    conversation = await opened(service)
    text = service.text(ALICE_NUMBER, BODY)
    for _ in range(DUPLICATES_RECORDED + 3):
        await service.receive(text)
    events = await service.timeline(conversation.conversation_id)
    repeats = [event for event in events if event.type == event_pb2.EVENT_TYPE_MESSAGE_REPEATED]
    assert len(repeats) == DUPLICATES_RECORDED
    assert {event.participant_id for event in repeats} == {
        conversation.participants[0].participant_id
    }


async def test_a_forged_receipt_is_refused_and_changes_nothing(service: RunningService) -> None:
    conversation = await opened(service)
    message_id = service.sent()[0].message_id
    before = await service.timeline(conversation.conversation_id)
    receipt = pb.DeliveryReceipt(carrier_message_id="mdr2-1", send_token=FORGED_TOKEN)
    request = pb.ReceiveDeliveryReceiptsRequest(receipts=[receipt])
    response = await service.stub.ReceiveDeliveryReceipts(request, timeout=CALL_SECONDS)
    [refused] = response.results
    assert refused.outcome == pb.RECEIPT_OUTCOME_REFUSED
    assert refused.error.reason == ErrorReason.ERROR_REASON_SEND_TOKEN_NOT_VALID
    assert await service.timeline(conversation.conversation_id) == before
    assert await service.receipts(message_id) == [pb.RECEIPT_OUTCOME_RECORDED]


async def test_a_repeated_or_outdated_receipt_changes_nothing(service: RunningService) -> None:
    conversation = await opened(service)
    message_id = service.sent()[0].message_id
    outcomes = await service.receipts(message_id, "nobodys", "")
    assert outcomes == [pb.RECEIPT_OUTCOME_RECORDED, *[pb.RECEIPT_OUTCOME_UNMATCHED] * 2]
    before = await service.timeline(conversation.conversation_id)
    for state in (messaging_pb2.MESSAGE_STATE_SENT, messaging_pb2.MESSAGE_STATE_UNDELIVERED):
        service.messaging.receipt_state = state
        await service.receipts(message_id)
    assert await service.timeline(conversation.conversation_id) == before
    [first, _] = await messages(service, conversation.conversation_id)
    assert first.state == pb.MESSAGE_STATE_DELIVERED


async def test_a_timeline_is_paginated(service: RunningService) -> None:
    conversation = await opened(service)
    conversation_id = conversation.conversation_id
    whole = await service.timeline(conversation_id)
    pages: list[event_pb2.Event] = []
    request = pb.GetTimelineRequest(conversation_id=conversation_id, page_size=2)
    for size in (2, 2, 1):
        response = await ask(service.stub.GetTimeline, request)
        assert len(response.events) == size
        pages += response.events
        request.page_token = response.next_page_token
    assert request.page_token == ""
    assert pages == whole
    assert len({event.event_id for event in whole}) == len(whole)


async def test_descriptions_name_the_participant(service: RunningService) -> None:
    started = await service.start(ALICE_NUMBER)
    await service.join(BOB_NUMBER, started.code)
    await service.deliver(ALICE_NUMBER, BODY)
    timeline = await service.timeline(started.conversation.conversation_id)
    descriptions = [event.description for event in timeline]
    assert "The first participant started a conversation and received a join code." in descriptions
    assert "The second participant joined." in descriptions
    assert "A message from the first participant was received and relayed." in descriptions


async def test_messages_are_listed_with_author_recipient_and_state(service: RunningService) -> None:
    conversation = await opened(service)
    alice, bob = (participant.participant_id for participant in conversation.participants)
    service.clock.move(seconds=1)
    await service.deliver(ALICE_NUMBER, BODY)
    await service.quiet()
    for page_size in (0, 1):
        listed = await messages(service, conversation.conversation_id, page_size)
        visible = [
            (message.template, message.author_participant_id, message.recipient_participant_id)
            for message in listed
        ]
        assert visible == [("opened", "", alice), ("opened", "", bob), ("", alice, bob)]
        assert {message.state for message in listed} == {pb.MESSAGE_STATE_SENT}
        assert {message.message_id for message in listed} == {
            message.message_id for message in service.sent()
        }
    accepted = [message.accept_time.ToDatetime() for message in listed]
    assert accepted[0] == accepted[1] < accepted[2]
    assert all(message.HasField("update_time") for message in listed)


async def test_no_response_contains_a_phone_number_or_a_body(service: RunningService) -> None:
    conversation = await opened(service)
    conversation_id = conversation.conversation_id
    await service.deliver(ALICE_NUMBER, BODY)
    await service.quiet()
    listing = pb.ListConversationsRequest(phone_number=ALICE_NUMBER)
    responses = (
        await service.get(conversation_id),
        await ask(service.stub.ListConversations, listing),
        await service.timeline(conversation_id),
        await messages(service, conversation_id),
    )
    for secret in (ALICE_NUMBER[1:], BOB_NUMBER[1:], ALICE_NUMBER[5:], BODY):
        assert secret not in str(responses)
    masked = [participant.masked_phone_number for participant in conversation.participants]
    assert masked == ["+1 ••• ••• 0111", "+1 ••• ••• 0122"]
