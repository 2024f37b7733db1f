"""What internal clients and time ask for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from conversation_service.domain import texts
from conversation_service.domain.change import Change, Line
from conversation_service.domain.conversation import Conversation, EndReason, State
from conversation_service.domain.errors import (
    AlreadyInConversation,
    CodeNotValid,
    ConversationEnded,
    ConversationError,
    ConversationNotActive,
    ConversationNotFound,
    NoNumberAvailable,
    ParticipantNotFound,
)
from conversation_service.domain.facts import Facts
from conversation_service.domain.phone import Person
from conversation_service.domain.requests import End, Expire, Join, Speak, Start
from conversation_service.domain.transitions import ended, joined, opened
from support.conversations import (
    ALICE,
    BOB,
    CAROL,
    MASKED,
    OTHER_MASKED,
    POOL,
    line,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CODE = "K7M2Q9"


def facts(
    *live: Line,
    invitation: Conversation | None = None,
    conversation: Conversation | None = None,
    now: datetime = NOW,
) -> Facts:
    return Facts(
        pool=POOL,
        now=now,
        change_id="change",
        fresh_code=CODE,
        live=dict.fromkeys(live, conversation or invitation or _some()),
        invitation=invitation,
        conversation=conversation,
    )


def _some() -> Conversation:
    return replace(opened(Facts(POOL, NOW, "c", CODE, {}), line(ALICE)), etag="e1")


WAITING = _some()
ACTIVE = replace(joined(facts(), WAITING, BOB), etag="e2")
ENDED = replace(ended(facts(), ACTIVE, EndReason.PARTICIPANT_ENDED), etag="e3")
ANYWHERE = (line(BOB), line(BOB, OTHER_MASKED))


def told(change: Change) -> list[tuple[str, str]]:
    return [(one.to_number, one.body) for one in change.texts]


def test_a_start_takes_the_first_number_the_person_is_free_on() -> None:
    change = Start("r", "", ANYWHERE).decide(facts(line(BOB)))
    assert change.after is not None
    assert change.after.masked_number == OTHER_MASKED
    assert told(change) == [(BOB.phone_number, texts.code(POOL, CODE))]


def test_a_start_on_a_number_that_is_taken_is_refused() -> None:
    with pytest.raises(AlreadyInConversation):
        Start("r", MASKED, (line(BOB),)).decide(facts(line(BOB)))


def test_a_start_where_no_number_is_left_is_refused() -> None:
    with pytest.raises(NoNumberAvailable):
        Start("r", "", ANYWHERE).decide(facts(*ANYWHERE))


def test_a_join_connects_on_the_number_of_the_code() -> None:
    change = Join("r", CODE, ANYWHERE).decide(facts(line(BOB, OTHER_MASKED), invitation=WAITING))
    assert change.after is not None
    assert change.after.participants == (ALICE, BOB)


@pytest.mark.parametrize(
    ("known", "person", "refusal"),
    [
        (facts(), BOB, CodeNotValid),
        (facts(invitation=WAITING), ALICE, CodeNotValid),
        (facts(line(BOB), invitation=WAITING), BOB, AlreadyInConversation),
    ],
)
def test_a_join_that_cannot_be_is_refused(
    known: Facts, person: Person, refusal: type[ConversationError]
) -> None:
    with pytest.raises(refusal):
        Join("r", CODE, (line(person),)).decide(known)


def test_an_operator_ends_and_both_are_told() -> None:
    change = End("r", "c").decide(facts(conversation=ACTIVE))
    assert change.after is not None
    assert change.after.end_reason is EndReason.OPERATOR_ENDED
    assert [to for to, _ in told(change)] == [ALICE.phone_number, BOB.phone_number]


def test_a_participant_ends_through_a_client() -> None:
    change = End("r", "c", BOB.participant_id).decide(facts(conversation=ACTIVE))
    assert change.after is not None
    assert change.after.end_reason is EndReason.PARTICIPANT_ENDED


def test_a_client_speaks_for_one_to_the_other() -> None:
    change = Speak("r", "c", ALICE.participant_id, "hi").decide(facts(conversation=ACTIVE))
    assert told(change) == [(BOB.phone_number, "hi")]


def test_the_system_speaks_to_both() -> None:
    change = Speak("r", "c", "", "hi").decide(facts(conversation=ACTIVE))
    assert told(change) == [(ALICE.phone_number, "hi"), (BOB.phone_number, "hi")]


@pytest.mark.parametrize(
    ("intent", "conversation", "refusal"),
    [
        (End("r", "c"), None, ConversationNotFound),
        (End("r", "c"), ENDED, ConversationEnded),
        (End("r", "c", CAROL.participant_id), ACTIVE, ParticipantNotFound),
        (Speak("r", "c", "", "hi"), None, ConversationNotFound),
        (Speak("r", "c", "", "hi"), ENDED, ConversationEnded),
        (Speak("r", "c", "", "hi"), WAITING, ConversationNotActive),
        (Speak("r", "c", CAROL.participant_id, "hi"), ACTIVE, ParticipantNotFound),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(
    intent: End | Speak, conversation: Conversation | None, refusal: type[ConversationError]
) -> None:
    with pytest.raises(refusal):
        intent.decide(facts(conversation=conversation))


@pytest.mark.parametrize(
    ("conversation", "reason", "words"),
    [
        (WAITING, EndReason.CODE_EXPIRED, texts.code_expired()),
        (ACTIVE, EndReason.IDLE_EXPIRED, texts.idle_expired()),
    ],
)
def test_time_ends_what_is_overdue_and_tells_who_is_in_it(
    conversation: Conversation, reason: EndReason, words: str
) -> None:
    change = Expire("c", conversation.etag).decide(
        facts(conversation=conversation, now=conversation.due_time)
    )
    assert change.after is not None
    assert (change.after.state, change.after.end_reason) == (State.ENDED, reason)
    assert {body for _, body in told(change)} == {words}


@pytest.mark.parametrize("conversation", [None, ENDED, ACTIVE])
def test_time_leaves_alone_what_is_not_overdue(conversation: Conversation | None) -> None:
    early = ACTIVE.due_time - timedelta(seconds=1)
    change = Expire("c", "e").decide(facts(conversation=conversation, now=early))
    assert change == Change()
