"""What internal clients do in conversations that are there, and how intents are told apart."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

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
from conversation_service.domain.commands.core.command import Command
from conversation_service.domain.commands.core.number_selection import NumberSelection
from conversation_service.domain.commands.operator.pools import (
    AddNumber,
    CreatePool,
    DrainNumber,
    RemoveNumber,
    ReseedPool,
    UpdatePool,
)
from conversation_service.domain.commands.system.end_for_opt_out import EndConversationForOptOut
from conversation_service.domain.commands.system.expire import ExpireConversation
from conversation_service.domain.errors import (
    ConversationEnded,
    ConversationError,
    ConversationNotActive,
    ConversationNotFound,
    ConversationNotPaused,
    ConversationPaused,
    ParticipantNotFound,
)
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.pool import MaskedNumber, NumberPreference, NumberState
from conversation_service.domain.templates.catalog import Template
from support.conversations import (
    ALICE,
    BOB,
    CAROL,
    MASKED,
    NUMBERS,
    OTHER_MASKED,
    POOL,
    SETTINGS,
    says,
)
from support.decisions import (
    ACTIVE,
    CODE,
    ENDED,
    NOW,
    PAUSED,
    WAITING,
    about,
    after,
    facts,
    happened,
    text,
    told,
)

END = EndConversation("r", "c")
NOTED = EndConversation("r", "c", note="fraud")
BY_BOB = EndConversation("r", "c", BOB.participant_id)
FOR_ALICE = SendMessage("r", "c", ALICE.participant_id, "hi")
TO_BOTH = SendMessage("r", "c", "", "hi")
STRANGER_ENDS = EndConversation("r", "c", CAROL.participant_id)
STRANGER_SPEAKS = SendMessage("r", "c", CAROL.participant_id, "hi")
PAUSE, RESUME = PauseConversation("r", "c"), ResumeConversation("r", "c")

REFUSED: list[tuple[Command, Conversation | None, type[ConversationError]]] = [
    *((one, None, ConversationNotFound) for one in (END, BY_BOB, FOR_ALICE, PAUSE, RESUME)),
    *((one, ENDED, ConversationEnded) for one in (END, BY_BOB, FOR_ALICE, PAUSE, RESUME)),
    *((one, ACTIVE, ParticipantNotFound) for one in (STRANGER_ENDS, STRANGER_SPEAKS)),
    (replace(FOR_ALICE, participant_id=BOB.participant_id), WAITING, ParticipantNotFound),
    *((one, WAITING, ConversationNotActive) for one in (FOR_ALICE, TO_BOTH, PAUSE)),
    (PAUSE, PAUSED, ConversationPaused),
    (RESUME, ACTIVE, ConversationNotPaused),
    (RESUME, WAITING, ConversationNotPaused),
]

# An intent, and a change of each of its fields that makes it another intent.
INTENTS: list[tuple[Command, dict[str, Any]]] = [
    (text("hi"), {"message": text("ho").message}),
    (
        StartConversation("r", BOB, unique_name="order 7"),
        {"person": ALICE, "selection": NumberSelection(MASKED), "unique_name": "x"},
    ),
    (
        OpenConversation("r", (ALICE, BOB), unique_name="order 7"),
        {
            "people": (ALICE, CAROL),
            "selection": NumberSelection(preference=NumberPreference.AVOID_STICKY),
            "unique_name": "x",
            "is_silent": True,
        },
    ),
    (JoinConversation("r", CODE, BOB), {"code": "X4X4X4", "person": ALICE}),
    (NOTED, {"conversation_id": "d", "participant_id": "p", "note": "why"}),
    (FOR_ALICE, {"conversation_id": "d", "participant_id": "", "body": "ho"}),
    (PAUSE, {"conversation_id": "d"}),
    (RESUME, {"conversation_id": "d"}),
    (ReopenConversation("r", ENDED), {"ended": replace(ENDED, conversation_id="d")}),
    (
        CreatePool("r", SETTINGS, NUMBERS),
        {
            "settings": replace(SETTINGS, operator="Other"),
            "numbers": (*NUMBERS[:1], replace(NUMBERS[1], is_reserved=True)),
        },
    ),
    (
        UpdatePool("r", SETTINGS, ("operator",)),
        {"settings": replace(SETTINGS, operator="Other"), "fields": ("operator", "language")},
    ),
    (
        AddNumber("r", NUMBERS[0]),
        {"number": MaskedNumber(MASKED, NumberState.DRAINING)},
    ),
    (DrainNumber("r", MASKED), {"masked_number": "+12065550101"}),
    (RemoveNumber("r", MASKED), {"masked_number": "+12065550101"}),
]
FIELDS = [
    (text("hi"), "message", text("hi", ALICE).message),
    (text("hi"), "message", text("hi", on=OTHER_MASKED).message),
    *((intent, name, value) for intent, fields in INTENTS for name, value in fields.items()),
]


def test_an_operator_ends_and_both_are_told() -> None:
    change = END.decide(about(ACTIVE))
    assert (after(change).state, after(change).end_time) == (State.ENDED, NOW)
    assert after(change).end_reason is EndReason.OPERATOR_ENDED
    assert told(change) == [(ALICE, says(Template.ENDED)), (BOB, says(Template.ENDED))]
    assert happened(change)[0] == ("CONVERSATION_ENDED", "OPERATOR_ENDED")
    assert change.events[0].participant_id == ""


def test_a_participant_ends_through_a_client_and_both_are_told() -> None:
    change = BY_BOB.decide(about(ACTIVE))
    assert after(change).end_reason is EndReason.PARTICIPANT_ENDED
    assert told(change) == [(ALICE, says(Template.ENDED)), (BOB, says(Template.ENDED))]
    assert change.events[0].participant_id == BOB.participant_id


@pytest.mark.parametrize("intent", [END, BY_BOB])
def test_an_operators_note_is_kept_and_told_to_nobody(intent: EndConversation) -> None:
    change = replace(intent, note="fraud").decide(about(ACTIVE))
    assert after(change).end_note == "fraud"
    assert "fraud" not in repr(change)
    assert "fraud" not in "".join(body for _, body in told(change))
    assert after(intent.decide(about(ACTIVE))).end_note == ""


def test_an_ended_wait_is_told_to_who_waited() -> None:
    assert told(END.decide(about(WAITING))) == [(ALICE, says(Template.CANCELLED))]


def test_a_client_speaks_for_one_to_the_other() -> None:
    change = FOR_ALICE.decide(about(ACTIVE))
    assert told(change) == [(BOB, "hi")]
    assert happened(change) == [("MESSAGE_RELAYED", "")]
    assert change.events[0].participant_id == ALICE.participant_id
    assert change.events[0].message_id == change.texts[0].message_id


def test_the_system_speaks_to_both() -> None:
    change = TO_BOTH.decide(about(ACTIVE))
    assert told(change) == [(ALICE, "hi"), (BOB, "hi")]
    assert [event.participant_id for event in change.events] == ["", ""]


@pytest.mark.parametrize("intent", [FOR_ALICE, TO_BOTH])
def test_what_a_client_says_keeps_a_conversation_alive(intent: SendMessage) -> None:
    later = NOW + timedelta(days=1)
    change = intent.decide(replace(about(ACTIVE), now=later))
    assert after(change).last_message_time == later
    assert after(change).idle_end_time == later + POOL.settings.idle_lifetime
    assert after(change).exchange == ACTIVE.exchange


@pytest.mark.parametrize(("intent", "conversation", "refusal"), REFUSED)
def test_what_cannot_be_done_is_refused_with_the_reason(
    intent: Command, conversation: Conversation | None, refusal: type[ConversationError]
) -> None:
    with pytest.raises(refusal) as refused:
        intent.decide(facts(conversation=conversation))
    assert refused.value.metadata == {"conversation_id": "c"}


@pytest.mark.parametrize("intent", [END, FOR_ALICE, PAUSE, RESUME, ExpireConversation("c", "e")])
def test_an_intent_looks_up_the_conversation_it_is_about(intent: Command) -> None:
    assert intent.lookup(POOL).conversation_id == "c"


@pytest.mark.parametrize(("intent", "_other"), INTENTS)
def test_an_intent_is_told_apart_by_its_kind_and_its_callers_id(
    intent: Command, _other: object
) -> None:
    kinds = {one.receipt.kind for one, _ in INTENTS}
    assert len(kinds) == len(INTENTS)
    expected = "mdr2-1" if intent.receipt.kind == "text" else "r"
    assert intent.receipt.request_id == expected


@pytest.mark.parametrize(("intent", "field", "value"), FIELDS)
def test_the_same_id_with_another_field_is_another_intent(
    intent: Any,  # noqa: ANN401 - any intent, which is a dataclass
    field: str,
    value: object,
) -> None:
    other = replace(intent, **{field: value})
    assert other.receipt.fields != intent.receipt.fields
    assert replace(intent).receipt == intent.receipt


@pytest.mark.parametrize(
    "kind", [ExpireConversation, lambda name, etag: EndConversationForOptOut(name, etag, ALICE)]
)
def test_what_time_or_an_opt_out_does_happens_once_for_each_state(kind: Any) -> None:  # noqa: ANN401
    names = {kind(name, etag).receipt.request_id for name in "cd" for etag in "ef"}
    assert len(names) == 4


def test_seeding_is_named_by_what_the_file_says() -> None:
    assert ReseedPool("a digest", SETTINGS, NUMBERS).receipt.request_id == "a digest"


@pytest.mark.parametrize(("intent", "_other"), INTENTS)
def test_no_name_of_an_intent_shows_a_number_or_words(intent: Command, _other: object) -> None:
    shown = f"{intent!r} {intent.receipt!r}"
    for hidden in (ALICE.phone_number, BOB.phone_number, "'hi'", CODE, "order 7", "fraud"):
        assert hidden not in shown
