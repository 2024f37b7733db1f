"""What happened, as events without numbers or words, and in sentences for people."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.commands.client.end import EndConversation
from conversation_service.domain.commands.client.pause import PauseConversation, ResumeConversation
from conversation_service.domain.commands.client.reopen import ReopenConversation
from conversation_service.domain.commands.client.send import SendMessage
from conversation_service.domain.commands.client.start import (
    JoinConversation,
    OpenConversation,
    StartConversation,
)
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.operator.pools import AddNumber, DrainNumber, RemoveNumber
from conversation_service.domain.commands.system.end_for_opt_out import EndConversationForOptOut
from conversation_service.domain.commands.system.expire import ExpireConversation
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.events import Event, EventType, Rule
from conversation_service.domain.model.messages import HeldMessage
from conversation_service.domain.templates.catalog import Template
from conversation_service.rpc.conversations.event_descriptions import describe
from support.conversations import ALICE, BOB, CAROL, MASKED, NUMBERS
from support.decisions import (
    ACTIVE,
    CARD,
    CODE,
    ENDED,
    NOW,
    OTHER_CODE,
    PAUSED,
    PICTURE,
    WAITING,
    about,
    facts,
    pool_with,
    text,
)

NOTED = replace(ACTIVE, unique_name="order 7")
HOLDS = replace(PAUSED, held=(1, 1), unique_name="order 7")
HELD = (HeldMessage(ALICE.participant_id, "a secret"), HeldMessage(BOB.participant_id, "a secret"))
OUT = {BOB: OptOut(NOW, OptOutSource.TEXT, "an earlier text")}
WARNED_AT = ACTIVE.due_time - timedelta(hours=1)
INVITED = facts(invitation=WAITING)

TEXTS = ["start", f"join {CODE}", f"join {OTHER_CODE}", "hello", "a secret", "", "help", "report"]
TEXTS += ["block", "end", f"end {CODE}", f"end {OTHER_CODE}", "quit", "stop", "yes", "unstop"]

DECISIONS: list[Change] = [
    *(text(body).decide(INVITED) for body in TEXTS),
    *(text(body, attachments=(PICTURE, CARD)).decide(facts(NOTED)) for body in TEXTS),
    *(text(body, ALICE).decide(facts(WAITING)) for body in TEXTS),
    *(text(body).decide(facts(HOLDS)) for body in TEXTS),
    *(text(body).decide(facts(ENDED)) for body in TEXTS),
    *(text(body).decide(facts(NOTED, opt_outs=OUT)) for body in TEXTS),
    StartConversation("r", BOB, unique_name="order 7").decide(facts()),
    OpenConversation("r", (ALICE, BOB), unique_name="order 7").decide(facts()),
    JoinConversation("r", CODE, BOB).decide(INVITED),
    JoinConversation("r", OTHER_CODE, BOB).decide(facts()),
    EndConversation("r", "c", note="a secret").decide(about(HOLDS)),
    EndConversationForOptOut("c", "e", BOB).decide(about(HOLDS)),
    SendMessage("r", "c", ALICE.participant_id, "a secret").decide(about(NOTED)),
    SendMessage("r", "c", ALICE.participant_id, "a secret").decide(about(HOLDS)),
    SendMessage("r", "c", "", "a secret").decide(about(NOTED)),
    PauseConversation("r", "c").decide(about(NOTED)),
    ResumeConversation("r", "c").decide(about(HOLDS, held=HELD)),
    ReopenConversation("r", ENDED).decide(about(ENDED)),
    ExpireConversation("c", "e").decide(about(HOLDS, now=WARNED_AT)),
    ExpireConversation("c", "e").decide(about(replace(HOLDS, due_time=WARNED_AT), now=WARNED_AT)),
    AddNumber("r", NUMBERS[0]).decide(facts()),
    DrainNumber("r", MASKED).decide(facts()),
    RemoveNumber("r", MASKED).decide(facts()),
]
EVENTS = [event for change in DECISIONS for event in change.events]
# What is no relayed text, and is told of by an id of its own.
RECEIVED = [
    *((body, ACTIVE) for body in ("start", "help", "end", "block", "report", "quit", "")),
    *((body, WAITING) for body in ("start", "hello", "end", "quit")),
    ("hello", PAUSED),
]
# Nothing else may stand in an event's detail.
PUBLISHED = {
    "",
    *(one.value for one in (*EndReason, *Rule, *Template)),
    *("START", "JOIN", "END", "HELP", "OPT_OUT", "BLOCK", "REPORT", "1"),
}

# Sentences about a text of the second participant, in their conversation.
SENTENCES = {
    EventType.CONVERSATION_STARTED: "The second participant started a conversation and got a code.",
    EventType.CONVERSATION_JOINED: "The second participant joined.",
    EventType.CONVERSATION_OPENED: "A client opened the conversation between two people.",
    EventType.MESSAGE_RELAYED: "A text of the second participant was received and passed on.",
    EventType.PARTICIPANT_BLOCKED: "The second participant blocked the other person.",
    EventType.PERSON_OPTED_OUT: "The second participant opted out of all texts.",
    EventType.MESSAGE_DELIVERED: "The text reached the handset.",
    EventType.NUMBER_DRAINED: "A masked number takes no new conversations any more.",
}


def of_bob(kind: EventType, detail: str = "") -> Event:
    return Event(kind, "c", BOB.participant_id, "m-0", detail)


def test_no_event_holds_a_number_or_words_or_a_name() -> None:
    shown = repr(EVENTS)
    hidden = [CODE, OTHER_CODE, "secret", "order 7", MASKED]
    hidden += [person.phone_number for person in (ALICE, BOB, CAROL)]
    assert not [one for one in hidden if one in shown]


def test_every_detail_of_an_event_is_a_published_word_or_a_count() -> None:
    assert {event.detail for event in EVENTS} <= PUBLISHED


def test_the_decisions_tell_of_all_that_happens_but_sending_creating_and_too_many_tries() -> None:
    elsewhere = {kind for kind in EventType if kind.value.startswith(("MESSAGE_", "POOL_"))}
    elsewhere |= {EventType.CODE_TRIES_EXCEEDED, EventType.CONVERSATION_ERASED}
    assert {event.type for event in EVENTS} >= set(EventType) - elsewhere
    kept = {"RELAYED", "HELD", "NOT_RELAYED", "DROPPED"}
    assert {event.type for event in EVENTS} >= {EventType(f"MESSAGE_{one}") for one in kept}


@pytest.mark.parametrize("change", DECISIONS)
def test_every_text_within_a_conversation_is_told_of_by_its_id(change: Change) -> None:
    told_of = {event.message_id: event for event in change.events}
    for one in change.texts:
        if one.conversation_id:
            assert told_of[one.message_id].conversation_id == one.conversation_id
        else:
            assert one.message_id not in told_of


@pytest.mark.parametrize("change", DECISIONS)
def test_what_maskline_writes_is_told_of_with_its_receiver(change: Change) -> None:
    receivers = {one.message_id: one.to.participant_id for one in change.texts}
    for event in change.events:
        if event.type is EventType.SYSTEM_TEXT_ACCEPTED:
            assert event.participant_id == receivers[event.message_id]


@pytest.mark.parametrize(("body", "known"), RECEIVED)
def test_what_is_received_in_a_conversation_is_told_of_with_its_sender(
    body: str, known: Conversation
) -> None:
    received = text(body, known.participants[-1]).decide(facts(known)).events[0]
    sender = known.participants[-1].participant_id
    found = (received.conversation_id, received.participant_id, received.message_id)
    assert found == ("c", sender, "change")


@pytest.mark.parametrize("change", DECISIONS)
def test_a_changed_conversation_can_be_told_from_what_it_was(change: Change) -> None:
    if change.after:
        assert change.after.etag == "change"
        assert change.before is None or change.before.etag != "change"


@pytest.mark.parametrize("change", DECISIONS)
def test_an_event_is_of_the_conversation_that_is_decided_about(change: Change) -> None:
    names = {event.conversation_id for event in change.events} - {""}
    assert names <= {change.after.conversation_id if change.after else "c"}


@pytest.mark.parametrize("kind", EventType)
@pytest.mark.parametrize("conversation", [None, WAITING, ACTIVE, ENDED])
def test_every_event_is_a_sentence_with_and_without_its_conversation(
    kind: EventType, conversation: Conversation | None
) -> None:
    for event in (of_bob(kind, "3"), Event(kind, detail="3")):
        told = describe(event, conversation)
        assert told[0] == told[0].upper()
        assert told.endswith((".", '".'))
        assert "{" not in told
        assert BOB.participant_id not in told


@pytest.mark.parametrize(("kind", "told"), SENTENCES.items())
def test_a_sentence_says_what_happened_and_to_whom(kind: EventType, told: str) -> None:
    assert describe(of_bob(kind), ACTIVE) == told


def test_people_are_told_apart_only_by_their_place_in_the_conversation() -> None:
    joined = Event(EventType.CONVERSATION_JOINED, "c", ALICE.participant_id)
    assert describe(joined, ACTIVE) == "The first participant joined."
    assert describe(joined, None) == "A person joined."
    assert describe(replace(joined, participant_id="somebody"), ACTIVE) == "A person joined."


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (
            of_bob(EventType.CONVERSATION_ENDED, "BLOCKED"),
            "The conversation ended: one blocked the other.",
        ),
        (
            of_bob(EventType.EXPIRY_WARNED, "IDLE_EXPIRED"),
            "Both were warned of an end to come: nobody texted for too long.",
        ),
        (
            of_bob(EventType.MESSAGE_NOT_RELAYED, "PAUSED"),
            "A text of the second participant was received and not passed on: the conversation "
            "is paused.",
        ),
        (
            of_bob(EventType.COMMAND_RECEIVED, "HELP"),
            "A text of the second participant was received and understood as HELP.",
        ),
        (
            of_bob(EventType.SYSTEM_TEXT_ACCEPTED, "ended"),
            'Maskline wrote a text to the second participant: "ended".',
        ),
        (
            of_bob(EventType.MESSAGE_DROPPED, "3"),
            "3 held texts of the second participant were dropped at the end.",
        ),
        (
            of_bob(EventType.MESSAGE_REFUSED, "REFUSED_BY_CARRIER"),
            "The text was refused: by the carrier.",
        ),
        (of_bob(EventType.MESSAGE_REFUSED), "The text was refused."),
        (
            of_bob(EventType.MESSAGE_UNDELIVERED, "1110"),
            "The carrier could not deliver the text: 1110.",
        ),
    ],
)
def test_a_sentence_says_why(event: Event, told: str) -> None:
    assert describe(event, ACTIVE) == told


@pytest.mark.parametrize("reason", [*EndReason, *Rule])
def test_every_reason_has_words_for_people(reason: EndReason | Rule) -> None:
    ended = of_bob(EventType.CONVERSATION_ENDED, reason.value)
    assert reason.value not in describe(ended, ACTIVE)


def test_a_warning_is_told_of_with_the_end_that_it_is_about() -> None:
    pool = pool_with(warning_lead=timedelta(hours=1))
    due = replace(ACTIVE, due_time=WARNED_AT)
    change = ExpireConversation("c", "e").decide(about(due, now=WARNED_AT, pool=pool))
    assert change.events[0] == Event(EventType.EXPIRY_WARNED, "c", detail="IDLE_EXPIRED")


def test_words_of_no_participant_are_told_of_as_a_clients() -> None:
    spoken = Event(EventType.MESSAGE_RELAYED, "c", message_id="m")
    assert describe(spoken, ACTIVE).startswith("A client's text")
    assert describe(replace(spoken, participant_id=BOB.participant_id), ACTIVE).startswith("A text")
