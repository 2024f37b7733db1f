"""What happened in a conversation and to each of its texts, for staff: no numbers, no words."""


from conversation_service.store.event_log import REPEATS_TOLD
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2
from maskline.conversation.v1.error_reason_pb2 import ErrorReason
from maskline.messaging.v1 import messaging_pb2
from support.conversation_calls import CALL_SECONDS, ask, kinds
from support.conversation_service import RunningService
from support.conversations import ALICE_NUMBER, BOB_NUMBER
from support.scripted_messaging import FORGED_TOKEN

WORDS = "see you at the harbour"


async def opened(service: RunningService) -> pb.Conversation:
    """Both have been told, and the carrier has taken that."""
    request = pb.OpenConversationRequest(phone_numbers=[ALICE_NUMBER, BOB_NUMBER])
    conversation = (await ask(service.stub.OpenConversation, request)).conversation
    await service.quiet()
    return conversation


async def messages(
    service: RunningService, name: str, page_size: int = 0
) -> list[pb.MessageSummary]:
    found: list[pb.MessageSummary] = []
    request = pb.ListMessagesRequest(conversation_id=name, page_size=page_size)
    while True:
        response = await ask(service.stub.ListMessages, request)
        found += response.messages
        request.page_token = response.next_page_token
        if not request.page_token:
            return found


async def test_the_whole_way_of_each_text_is_told_in_order(service: RunningService) -> None:
    conversation = await opened(service)
    await service.says(ALICE_NUMBER, WORDS)
    await service.quiet()
    await service.receipts(service.sent()[-1].message_id)
    await service.says(BOB_NUMBER, " ")
    await service.quiet()
    service.messaging.receipt_state = messaging_pb2.MESSAGE_STATE_UNDELIVERED
    await service.receipts(service.sent()[-1].message_id)
    await service.says(BOB_NUMBER, "end")
    await service.quiet()
    told = kinds(await service.timeline(conversation.conversation_id))
    assert told == [
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


async def test_a_text_that_comes_again_is_told_of_a_few_times(service: RunningService) -> None:
    conversation = await opened(service)
    text = service.text(ALICE_NUMBER, WORDS)
    for _ in range(REPEATS_TOLD + 3):
        await service.receive(text)
    told = await service.timeline(conversation.conversation_id)
    repeats = [one for one in told if one.type == event_pb2.EVENT_TYPE_MESSAGE_REPEATED]
    assert len(repeats) == REPEATS_TOLD
    assert {one.participant_id for one in repeats} == {conversation.participants[0].participant_id}


async def test_a_forged_receipt_is_refused_and_moves_nothing(service: RunningService) -> None:
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


async def test_a_receipt_that_comes_again_or_late_tells_nothing_new(
    service: RunningService,
) -> None:
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


async def test_a_timeline_is_read_page_by_page(service: RunningService) -> None:
    conversation = await opened(service)
    name = conversation.conversation_id
    whole = await service.timeline(name)
    pages: list[event_pb2.Event] = []
    request = pb.GetTimelineRequest(conversation_id=name, page_size=2)
    for size in (2, 2, 1):
        response = await ask(service.stub.GetTimeline, request)
        assert len(response.events) == size
        pages += response.events
        request.page_token = response.next_page_token
    assert request.page_token == ""
    assert pages == whole
    assert len({one.event_id for one in whole}) == len(whole)


async def test_sentences_say_who_did_what(service: RunningService) -> None:
    started = await service.start(ALICE_NUMBER)
    await service.join(BOB_NUMBER, started.code)
    await service.says(ALICE_NUMBER, WORDS)
    timeline = await service.timeline(started.conversation.conversation_id)
    told = [one.description for one in timeline]
    assert "The first participant started a conversation and got a code." in told
    assert "The second participant joined." in told
    assert "A text of the first participant was received and passed on." in told


async def test_texts_are_listed_with_who_wrote_them_and_how_far_they_got(
    service: RunningService,
) -> None:
    conversation = await opened(service)
    alice, bob = (one.participant_id for one in conversation.participants)
    service.clock.move(seconds=1)
    await service.says(ALICE_NUMBER, WORDS)
    await service.quiet()
    for page_size in (0, 1):
        listed = await messages(service, conversation.conversation_id, page_size)
        shown = [
            (one.template, one.author_participant_id, one.recipient_participant_id)
            for one in listed
        ]
        assert shown == [("opened", "", alice), ("opened", "", bob), ("", alice, bob)]
        assert {one.state for one in listed} == {pb.MESSAGE_STATE_SENT}
        assert {one.message_id for one in listed} == {one.message_id for one in service.sent()}
    accepted = [one.accept_time.ToDatetime() for one in listed]
    assert accepted[0] == accepted[1] < accepted[2]
    assert all(one.HasField("update_time") for one in listed)


async def test_nothing_that_staff_can_read_holds_a_number_or_words(
    service: RunningService,
) -> None:
    conversation = await opened(service)
    name = conversation.conversation_id
    await service.says(ALICE_NUMBER, WORDS)
    await service.quiet()
    listing = pb.ListConversationsRequest(phone_number=ALICE_NUMBER)
    shown = (
        await service.get(name),
        await ask(service.stub.ListConversations, listing),
        await service.timeline(name),
        await messages(service, name),
    )
    for secret in (ALICE_NUMBER[1:], BOB_NUMBER[1:], ALICE_NUMBER[5:], WORDS):
        assert secret not in str(shown)
    masked = [one.masked_phone_number for one in conversation.participants]
    assert masked == ["+1 ••• ••• 0111", "+1 ••• ••• 0122"]
