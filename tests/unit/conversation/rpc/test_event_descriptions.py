"""Descriptions of events: one English sentence each, without phone numbers and bodies."""

from dataclasses import replace

from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.events import Event, EventType, Rule
from conversation_service.rpc.conversations.event_descriptions import describe
from support.builders.conversations import ALICE, BOB
from support.builders.decisions import ACTIVE, ENDED, WAITING

# Descriptions of events of the second participant, given the conversation.
SECOND = "the second participant"
DESCRIPTIONS = [
    ("CONVERSATION_STARTED", "", f"{SECOND} started a conversation and received a join code."),
    ("CONVERSATION_JOINED", "", f"{SECOND} joined."),
    ("CONVERSATION_OPENED", "", "A client opened the conversation between two people."),
    ("CONVERSATION_ENDED", "BLOCKED", "The conversation ended: a participant blocked the other."),
    (
        "EXPIRY_WARNED",
        "IDLE_EXPIRED",
        "Both participants were warned that the conversation will end: there was no message for "
        "too long.",
    ),
    ("MESSAGE_RELAYED", "", f"A message from {SECOND} was received and relayed."),
    (
        "MESSAGE_NOT_RELAYED",
        "PAUSED",
        f"A message from {SECOND} was received and not relayed: the conversation is paused.",
    ),
    ("COMMAND_RECEIVED", "HELP", f"A message from {SECOND} was received: keyword HELP."),
    ("SYSTEM_TEXT_ACCEPTED", "ended", f'The system message "ended" to {SECOND} was accepted.'),
    ("MESSAGE_DROPPED", "3", f"3 held messages from {SECOND} were discarded at the end."),
    ("MESSAGE_DELIVERED", "", "The message was delivered."),
    ("MESSAGE_REFUSED", "REFUSED_BY_CARRIER", "The message was refused: by the carrier."),
    ("MESSAGE_REFUSED", "", "The message was refused."),
    ("MESSAGE_UNDELIVERED", "1110", "The carrier could not deliver the message: 1110."),
    ("PARTICIPANT_BLOCKED", "", f"{SECOND} blocked the other participant."),
    ("PERSON_OPTED_OUT", "", f"{SECOND} opted out of all messages."),
    ("NUMBER_DRAINED", "", "A masked number was drained: it gets no new conversations."),
]


def of_bob(kind: EventType, detail: str = "") -> Event:
    return Event(kind, "c", BOB.participant_id, "m-0", detail)


def test_a_description_says_what_happened_to_whom_and_why() -> None:
    for kind, detail, description in DESCRIPTIONS:
        expected = description[0].upper() + description[1:]
        assert describe(of_bob(EventType(kind), detail), ACTIVE) == expected, kind


def test_every_event_has_a_description_with_and_without_its_conversation() -> None:
    for kind in EventType:
        for conversation in (None, WAITING, ACTIVE, ENDED):
            for event in (of_bob(kind, "3"), Event(kind, detail="3")):
                description = describe(event, conversation)
                assert description[0] == description[0].upper(), kind
                assert description.endswith((".", '".')), kind
                assert "{" not in description, kind
                assert BOB.participant_id not in description, kind


def test_every_reason_is_spelled_out() -> None:
    for reason in (*EndReason, *Rule):
        ended = of_bob(EventType.CONVERSATION_ENDED, reason.value)
        assert reason.value not in describe(ended, ACTIVE)


def test_participants_are_named_by_their_position_in_the_conversation() -> None:
    joined = Event(EventType.CONVERSATION_JOINED, "c", ALICE.participant_id)
    assert describe(joined, ACTIVE) == "The first participant joined."
    assert describe(joined, None) == "A person joined."
    assert describe(replace(joined, participant_id="somebody"), ACTIVE) == "A person joined."


def test_a_message_without_a_sender_is_a_clients() -> None:
    relayed = Event(EventType.MESSAGE_RELAYED, "c", message_id="m")
    assert describe(relayed, ACTIVE).startswith("A client's message")
    by_bob = replace(relayed, participant_id=BOB.participant_id)
    assert describe(by_bob, ACTIVE).startswith("A message from")
