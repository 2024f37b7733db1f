"""Descriptions of events: one English sentence each, without phone numbers and bodies."""

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import EnumDescriptor

from maskline.conversation.v1 import conversation_pb2, event_pb2, message_pb2
from maskline.conversation.v1.event_pb2 import Event, EventType
from maskline_cli.output.event_descriptions import describe
from maskline_cli.values.fields import enum_word

POSITIONS = {"alice": "first", "bob": "second"}
SECOND = "the second participant"
BLOCKED = conversation_pb2.END_REASON_BLOCKED
IDLE = conversation_pb2.END_REASON_IDLE_EXPIRED
OPTED_OUT = message_pb2.Failure(reason=message_pb2.FAILURE_REASON_OPTED_OUT, carrier_code="1110")
REJECTED = message_pb2.Failure(reason=message_pb2.FAILURE_REASON_CARRIER_REJECTED)
# Events of the second participant.
DESCRIPTIONS = [
    ("CONVERSATION_CREATED", Event(), f"{SECOND} started a conversation and received a join code."),
    ("CONVERSATION_JOINED", Event(), f"{SECOND} joined."),
    (
        "CONVERSATION_UPDATED",
        Event(),
        "The conversation's name, labels or maximum end was changed.",
    ),
    (
        "CONVERSATION_ENDED",
        Event(end_reason=BLOCKED),
        "The conversation ended: a participant blocked the other.",
    ),
    (
        "CONVERSATION_EXPIRY_WARNED",
        Event(end_reason=IDLE),
        "Both participants were warned that the conversation will end: there was no message for "
        "too long.",
    ),
    ("MESSAGE_RELAYED", Event(), f"A message from {SECOND} is relayed."),
    (
        "MESSAGE_NOT_RELAYED",
        Event(relay_refusal=message_pb2.RELAY_REFUSAL_PAUSED),
        f"A message from {SECOND} was received and not relayed: the conversation is paused.",
    ),
    (
        "KEYWORD_RECEIVED",
        Event(keyword=event_pb2.KEYWORD_OPT_IN),
        f"A message from {SECOND} was received: keyword opt-in.",
    ),
    (
        "MESSAGE_ACCEPTED",
        Event(template="ended"),
        f'A system message "ended" to {SECOND} was accepted.',
    ),
    ("MESSAGE_ACCEPTED", Event(), f"A system message to {SECOND} was accepted."),
    (
        "HELD_MESSAGES_DROPPED",
        Event(dropped_message_count=3),
        f"Held messages from {SECOND} were discarded at the end: 3.",
    ),
    ("MESSAGE_DELIVERED", Event(), "The message was delivered."),
    (
        "MESSAGE_FAILED",
        Event(failure=REJECTED),
        "The message was not sent: the carrier rejected it.",
    ),
    (
        "MESSAGE_UNDELIVERED",
        Event(failure=OPTED_OUT),
        "The carrier could not deliver the message: the recipient opted out of all messages "
        "(carrier code 1110).",
    ),
    (
        "MESSAGE_RESOLVED",
        Event(send_resolution=event_pb2.SEND_RESOLUTION_RECORD),
        "The uncertain send of the message was resolved: the carrier's records contain it.",
    ),
    ("PERSON_OPTED_OUT", Event(), f"{SECOND} opted out of all messages."),
]


def of_bob(kind: str, detail: Event) -> Event:
    event = Event(type=EventType.Value(f"EVENT_TYPE_{kind}"), participant_id="bob")
    event.MergeFrom(detail)
    return event


@pytest.mark.parametrize(("kind", "detail", "description"), DESCRIPTIONS)
def test_a_description_says_what_happened_to_whom_and_why(
    kind: str, detail: Event, description: str
) -> None:
    expected = description[0].upper() + description[1:]
    assert describe(of_bob(kind, detail), POSITIONS) == expected


def test_every_type_has_a_description_of_its_own_and_a_newer_one_says_so() -> None:
    newer = describe(Event.FromString(b"\x20\xce\x0f"), POSITIONS)
    assert "does not know" in newer
    kinds = [name.removeprefix("EVENT_TYPE_") for name in EventType.DESCRIPTOR.values_by_name][1:]
    described = [describe(of_bob(kind, Event()), POSITIONS) for kind in kinds]
    assert len({newer, *described}) == len(kinds) + 1
    for description in described:
        assert description[0] == description[0].upper()
        assert description.endswith(".")
        assert "{" not in description


def details() -> Iterator[tuple[str, EnumDescriptor]]:
    """The details of events that are enums."""
    for field in Event.DESCRIPTOR.oneofs_by_name["detail"].fields:
        if field.enum_type is not None and field.name != "keyword":
            yield field.name, field.enum_type


def test_every_reason_is_spelled_out() -> None:
    for field, enum in details():
        for value in enum.values[1:]:
            event = Event(type=event_pb2.EVENT_TYPE_MESSAGE_RESOLVED)
            setattr(event, field, value.number)
            assert f": {enum_word(event, field)}." not in describe(event, {}), value.name
    sentences = {
        describe(
            Event(
                type=event_pb2.EVENT_TYPE_MESSAGE_FAILED, failure=message_pb2.Failure(reason=number)
            ),
            {},
        )
        for number in message_pb2.FailureReason.values()[1:]
    }
    assert len(sentences) == len(message_pb2.FailureReason.values()) - 1


def test_participants_are_named_by_their_position_in_the_conversation() -> None:
    joined = Event(type=event_pb2.EVENT_TYPE_CONVERSATION_JOINED, participant_id="alice")
    assert describe(joined, POSITIONS) == "The first participant joined."
    assert describe(joined, {}) == "A person joined."


def test_a_conversation_without_a_first_participant_was_created_by_a_client() -> None:
    created = Event(type=event_pb2.EVENT_TYPE_CONVERSATION_CREATED)
    assert describe(created, POSITIONS) == "A client connected two people."
