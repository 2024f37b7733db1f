"""GetMessage and ListMessages: every message by one id, whatever becomes of it."""

from typing import TypeAlias

from integration.conversation.rpc.message_calls import (
    followed,
    get,
    listed,
    pause,
    resume,
    send,
    state,
    talking,
)

from conversation_service.domain.templates.catalog import Template
from maskline.admin.v1 import person_pb2
from maskline.conversation.v1 import message_pb2
from maskline.messaging.v1 import messaging_pb2
from support.builders.conversation_calls import ask, kind, refused
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER, CAROL_NUMBER, system_message
from support.services.conversation_service import RunningService

UNCERTAIN = messaging_pb2.SendMessageResult(outcome=messaging_pb2.SEND_OUTCOME_UNCERTAIN)
REJECTED = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_REJECTED,
    state=messaging_pb2.MESSAGE_STATE_FAILED,
    failure=messaging_pb2.Failure(
        reason=messaging_pb2.FAILURE_REASON_UNREACHABLE, carrier_code="13"
    ),
)


EXPIRED = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_SENT, state=messaging_pb2.MESSAGE_STATE_EXPIRED
)
STATES = message_pb2.MessageState.keys()
StateValue: TypeAlias = messaging_pb2.MessageState.ValueType


async def test_a_held_text_is_followed_from_hold_to_handset_by_one_id(
    service: RunningService,
) -> None:
    conversation, alice, bob = await talking(service)
    await pause(service, conversation)
    text = service.text(ALICE_NUMBER, "hello")
    for _ in range(2):
        await service.receive(text)
    await service.quiet()
    [held, notice] = await listed(service, conversation)
    assert (held.state, held.author_participant_id) == (message_pb2.MESSAGE_STATE_HELD, alice)
    assert (held.recipient_participant_id, held.segment_count) == (bob, 1)
    assert (notice.template, notice.recipient_participant_id) == ("paused_held", alice)
    service.clock.move(seconds=90)
    await resume(service, conversation)
    relayed = service.sent()[-1]
    assert (relayed.body, relayed.message_id) == ("hello", held.message_id)
    await service.receipts(held.message_id)
    assert await followed(service, conversation, held.message_id) == [
        "MESSAGE_HELD",
        "MESSAGE_DUPLICATE_RECEIVED",
        "MESSAGE_RELAYED",
        "MESSAGE_SENT",
        "MESSAGE_DELIVERED",
    ]
    delivered = await get(service, held.message_id)
    assert delivered.state == message_pb2.MESSAGE_STATE_DELIVERED
    assert delivered.create_time == held.create_time
    assert delivered.update_time.ToSeconds() >= held.create_time.ToSeconds() + 90
    for size in (1, 2, 0):
        assert [one.message_id for one in await listed(service, conversation, size)][:2] == [
            held.message_id,
            notice.message_id,
        ]


# How a message of each of these bodies ends: what the messaging service answers, and what a
# delivery receipt says; None if it says nothing.
ENDS: dict[str, tuple[messaging_pb2.SendMessageResult | None, StateValue | None]] = {
    "SENT": (None, None),
    "UNCERTAIN": (UNCERTAIN, None),
    "FAILED": (REJECTED, None),
    "EXPIRED": (EXPIRED, None),
    "DELIVERED": (None, messaging_pb2.MESSAGE_STATE_DELIVERED),
    "UNDELIVERED": (None, messaging_pb2.MESSAGE_STATE_UNDELIVERED),
}


async def test_every_state_is_reached_listed_and_got(service: RunningService) -> None:
    conversation, alice, _ = await talking(service)
    for body, (answer, receipt) in ENDS.items():
        service.messaging.answers[body] = [answer] if answer else []
        [message] = await send(service, conversation, participant_id=alice, body=body)
        assert state(message) == "ACCEPTED"
        await service.quiet()
        if receipt:
            service.messaging.receipt_state = receipt
            await service.receipts(message.message_id)
    await service.deliver(ALICE_NUMBER, " ")
    await service.quiet()
    await pause(service, conversation)
    await send(service, conversation, participant_id=alice, body="HELD")
    messages = await listed(service, conversation)
    by_author = [message for message in messages if message.author_participant_id == alice]
    assert [state(message) for message in by_author] == [*ENDS, "NOT_RELAYED", "HELD"]
    reached = {"ACCEPTED", *(state(message) for message in by_author)}
    assert reached == {name.removeprefix("MESSAGE_STATE_") for name in STATES} - {"UNSPECIFIED"}
    for message in messages:
        assert await get(service, message.message_id) == message
        assert message.HasField("failure") == (state(message) in {"FAILED", "UNDELIVERED"})
        assert bool(message.relay_refusal) == (state(message) == "NOT_RELAYED")
    failure = by_author[[*ENDS].index("FAILED")].failure
    assert failure.reason == message_pb2.FAILURE_REASON_UNREACHABLE
    assert failure.carrier_code == "13"


async def test_a_text_that_is_not_relayed_is_listed_with_the_reason(
    service: RunningService,
) -> None:
    conversation, alice, bob = await talking(service)
    text = service.text(ALICE_NUMBER, " ")
    for _ in range(2):
        await service.receive(text)
    await service.quiet()
    [refused_one, notice] = await listed(service, conversation)
    assert refused_one == message_pb2.Message(
        message_id=refused_one.message_id,
        conversation_id=conversation.conversation_id,
        author_participant_id=alice,
        recipient_participant_id=bob,
        state=message_pb2.MESSAGE_STATE_NOT_RELAYED,
        segment_count=1,
        create_time=refused_one.create_time,
        update_time=refused_one.create_time,
        relay_refusal=message_pb2.RELAY_REFUSAL_EMPTY,
    )
    assert await get(service, refused_one.message_id) == refused_one
    assert await followed(service, conversation, refused_one.message_id) == [
        "MESSAGE_NOT_RELAYED",
        "MESSAGE_DUPLICATE_RECEIVED",
    ]
    assert notice.template == "empty"


async def test_a_text_to_nobody_has_an_author_and_no_recipient(service: RunningService) -> None:
    started = await service.start(ALICE_NUMBER)
    await service.deliver(ALICE_NUMBER, "is anybody there?", started.conversation.masked_number)
    joined = await service.join(BOB_NUMBER, started.join_code)
    messages = await listed(service, joined)
    [lost] = [one for one in messages if one.state == message_pb2.MESSAGE_STATE_NOT_RELAYED]
    assert lost.author_participant_id == joined.participants[0].participant_id
    assert lost.recipient_participant_id == ""
    assert lost.relay_refusal == message_pb2.RELAY_REFUSAL_NOBODY_JOINED


async def test_held_messages_fail_when_their_conversation_ends(service: RunningService) -> None:
    conversation, alice, _ = await talking(service)
    await pause(service, conversation)
    [held] = await send(service, conversation, participant_id=alice, body="too late")
    await service.end(conversation.conversation_id)
    failed = await get(service, held.message_id)
    assert failed.state == message_pb2.MESSAGE_STATE_FAILED
    assert failed.failure.reason == message_pb2.FAILURE_REASON_DISCARDED
    expected = ["MESSAGE_HELD", "MESSAGE_FAILED"]
    assert await followed(service, conversation, held.message_id) == expected


async def test_a_keyword_is_no_message_and_its_repetition_is_recorded(
    service: RunningService,
) -> None:
    conversation, _, _ = await talking(service)
    text = service.text(ALICE_NUMBER, "help")
    for _ in range(2):
        await service.receive(text)
    events = await service.timeline(conversation.conversation_id)
    [repeated] = [event for event in events if kind(event) == "MESSAGE_DUPLICATE_RECEIVED"]
    assert repeated.message_id == ""
    assert [one.template for one in await listed(service, conversation)] == ["help_talking"]


async def test_a_message_to_a_stranger_has_no_conversation(service: RunningService) -> None:
    await service.deliver(CAROL_NUMBER, "help")
    assert await service.heard(CAROL_NUMBER, 1) == [system_message(Template.HELP)]
    [sent] = service.sent()
    message = await get(service, sent.message_id)
    assert (message.conversation_id, message.template) == ("", "help")


async def test_a_message_is_not_found_once_its_conversation_is_erased(
    service: RunningService,
) -> None:
    conversation, alice, _ = await talking(service)
    [sent] = await send(service, conversation, participant_id=alice, body="hello")
    await service.deliver(BOB_NUMBER, " ")
    await service.quiet()
    await pause(service, conversation)
    await send(service, conversation, participant_id=alice, body="held")
    ids = [message.message_id for message in await listed(service, conversation)]
    assert len(ids) == 4
    await ask(service.people.ErasePerson, person_pb2.ErasePersonRequest(phone_number=ALICE_NUMBER))
    await service.quiet()
    for message_id in (*ids, f"{sent.message_id}0"):
        with refused("MESSAGE_NOT_FOUND"):
            await get(service, message_id)


async def test_no_message_shows_a_number_or_a_body(service: RunningService) -> None:
    conversation, _, _ = await talking(service)
    await service.deliver(ALICE_NUMBER, "see you at the harbour")
    await service.deliver(ALICE_NUMBER, "bad \0 harbour")
    shown = str(await listed(service, conversation))
    for secret in (ALICE_NUMBER[1:], BOB_NUMBER[1:], "harbour"):
        assert secret not in shown
