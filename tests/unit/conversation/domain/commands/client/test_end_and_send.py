"""Clients end conversations and send messages; refusals and idempotency keys of all commands."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from conversation_service.domain.commands.client.create import CreateConversation
from conversation_service.domain.commands.client.end import EndConversation
from conversation_service.domain.commands.client.join import JoinConversation
from conversation_service.domain.commands.client.pause import PauseConversation, ResumeConversation
from conversation_service.domain.commands.client.reopen import ReopenConversation
from conversation_service.domain.commands.client.send import SendMessage
from conversation_service.domain.commands.client.update import UpdateConversation
from conversation_service.domain.commands.core.command import Command
from conversation_service.domain.commands.core.number_selection import NumberSelection
from conversation_service.domain.commands.operator import masked_numbers, pools
from conversation_service.domain.commands.system.end_by_system import EndConversationBySystem
from conversation_service.domain.commands.system.expire import ExpireConversation
from conversation_service.domain.errors import (
    ConversationEnded,
    ConversationError,
    ConversationNotActive,
    ConversationNotFound,
    ConversationNotPaused,
    ConversationPaused,
    EtagMismatch,
    ParticipantNotFound,
)
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.pool import MaskedNumber, NumberPreference, NumberState
from conversation_service.domain.templates.catalog import Template
from support.builders.conversations import (
    ALICE,
    BOB,
    CAROL,
    MASKED,
    NUMBERS,
    OTHER_MASKED,
    POOL,
    SETTINGS,
    settings_with,
)
from support.builders.decisions import (
    ACTIVE,
    CODE,
    ENDED,
    NOW,
    PAUSED,
    WAITING,
    after,
    event_details,
    incoming,
    sent_bodies,
    snapshot_about,
    snapshot_of,
    system,
    to_both,
)

END = EndConversation("r", "c")
NOTED = EndConversation("r", "c", note="fraud")
BY_BOB = EndConversation("r", "c", BOB.participant_id)
FOR_ALICE = SendMessage("r", "c", ALICE.participant_id, "hi")
TO_BOTH = SendMessage("r", "c", "", "hi")
STRANGER_ENDS = EndConversation("r", "c", CAROL.participant_id)
STRANGER_SENDS = SendMessage("r", "c", CAROL.participant_id, "hi")
PAUSE, RESUME = PauseConversation("r", "c"), ResumeConversation("r", "c")

REFUSED: list[tuple[Command, Conversation | None, type[ConversationError]]] = [
    *((command, None, ConversationNotFound) for command in (END, BY_BOB, FOR_ALICE, PAUSE, RESUME)),
    *((command, ENDED, ConversationEnded) for command in (END, BY_BOB, FOR_ALICE, PAUSE, RESUME)),
    *((command, ACTIVE, ParticipantNotFound) for command in (STRANGER_ENDS, STRANGER_SENDS)),
    (replace(FOR_ALICE, participant_id=BOB.participant_id), WAITING, ParticipantNotFound),
    *((command, WAITING, ConversationNotActive) for command in (FOR_ALICE, TO_BOTH, PAUSE)),
    (PAUSE, PAUSED, ConversationPaused),
    (RESUME, ACTIVE, ConversationNotPaused),
    (RESUME, WAITING, ConversationNotPaused),
]

# A command, and another value for each field that is part of its idempotency key.
COMMANDS: list[tuple[Any, dict[str, Any]]] = [
    (incoming("hi"), {"message": incoming("ho").message}),
    (
        CreateConversation("r", (ALICE, BOB), unique_name="order 7"),
        {
            "people": (ALICE, CAROL),
            "selection": NumberSelection(preference=NumberPreference.AVOID_STICKY),
            "unique_name": "x",
            "silent": True,
            "labels": {"ride": "42"},
        },
    ),
    (
        UpdateConversation("r", "c", frozenset(["labels.ride"]), labels={"ride": "a secret"}),
        {
            "conversation_id": "d",
            "fields": frozenset(["labels"]),
            "unique_name": "x",
            "labels": {"ride": "43"},
            "max_end_time": NOW,
            "etag": "read",
        },
    ),
    (JoinConversation("r", CODE, BOB), {"code": "X4X4X4", "person": ALICE}),
    (NOTED, {"conversation_id": "d", "participant_id": "p", "note": "why", "etag": "read"}),
    (FOR_ALICE, {"conversation_id": "d", "participant_id": "", "body": "ho"}),
    (PAUSE, {"conversation_id": "d"}),
    (RESUME, {"conversation_id": "d"}),
    (ReopenConversation("r", ENDED), {"ended": replace(ENDED, conversation_id="d")}),
    (
        pools.CreatePool("r", SETTINGS, NUMBERS),
        {
            "settings": settings_with({"operator_name": "Other"}),
            "numbers": (*NUMBERS[:1], replace(NUMBERS[1], is_reserved=True)),
        },
    ),
    (
        pools.UpdatePool("r", SETTINGS, (("operator_name",),)),
        {
            "settings": settings_with({"operator_name": "Other"}),
            "paths": (("operator_name",), ("language",)),
        },
    ),
    (
        masked_numbers.AddMaskedNumber("r", NUMBERS[0]),
        {"number": MaskedNumber(MASKED, NumberState.DRAINING)},
    ),
    (masked_numbers.DrainMaskedNumber("r", MASKED), {"masked_number": "+12065550101"}),
    (masked_numbers.ActivateMaskedNumber("r", MASKED), {"masked_number": "+12065550101"}),
    (
        masked_numbers.UpdateMaskedNumber("r", MASKED, True),
        {"masked_number": "+12065550101", "is_reserved": False},
    ),
    (masked_numbers.RemoveMaskedNumber("r", MASKED), {"masked_number": "+12065550101"}),
]
FIELDS = [
    (incoming("hi"), "message", incoming("hi", ALICE).message),
    (incoming("hi"), "message", incoming("hi", on=OTHER_MASKED).message),
    *((command, name, value) for command, fields in COMMANDS for name, value in fields.items()),
]


def test_an_end_by_the_operator_or_for_a_participant_notifies_both() -> None:
    for command, reason, participant_id in (
        (END, EndReason.CLIENT, ""),
        (BY_BOB, EndReason.PARTICIPANT_ENDED, BOB.participant_id),
    ):
        change = command.decide(snapshot_about(ACTIVE))
        assert (after(change).state, after(change).end_time) == (State.ENDED, NOW)
        assert (after(change).end_reason, after(change).end_note) == (reason, "")
        assert sent_bodies(change) == to_both(Template.ENDED)
        assert event_details(change)[0] == ("CONVERSATION_ENDED", reason.value)
        assert change.events[0].participant_id == participant_id
        noted = replace(command, note="fraud").decide(snapshot_about(ACTIVE))
        assert after(noted).end_note == "fraud"
        assert "fraud" not in repr(noted) + "".join(body for _, body in sent_bodies(noted))
    assert sent_bodies(END.decide(snapshot_about(WAITING))) == [system(ALICE, Template.CANCELLED)]


def test_a_conversation_ends_only_with_the_etag_that_was_read_if_one_is_given() -> None:
    for etag in ("", ACTIVE.etag):
        assert not after(replace(END, etag=etag).decide(snapshot_about(ACTIVE))).is_live
    stale = replace(END, etag="stale")
    with pytest.raises(EtagMismatch) as refused:
        stale.decide(snapshot_about(ACTIVE))
    assert refused.value.metadata == {"etag": ACTIVE.etag}
    with pytest.raises(ConversationEnded):
        stale.decide(snapshot_about(ENDED))


def test_a_message_of_a_client_goes_to_the_other_or_to_both() -> None:
    change = FOR_ALICE.decide(snapshot_about(ACTIVE))
    assert sent_bodies(change) == [(BOB, "hi")]
    assert event_details(change) == [("MESSAGE_RELAYED", "")]
    assert change.events[0].participant_id == ALICE.participant_id
    assert change.events[0].message_id == change.texts[0].message_id
    change = TO_BOTH.decide(snapshot_about(ACTIVE))
    assert sent_bodies(change) == [(ALICE, "hi"), (BOB, "hi")]
    assert event_details(change) == [("MESSAGE_ACCEPTED", "")] * 2
    recipients = [event.participant_id for event in change.events]
    assert recipients == [ALICE.participant_id, BOB.participant_id]


def test_a_message_of_a_client_moves_the_idle_end_and_counts_for_no_loop() -> None:
    for command in (FOR_ALICE, TO_BOTH):
        later = NOW + timedelta(days=1)
        conversation = after(command.decide(snapshot_about(ACTIVE, now=later)))
        assert conversation.last_message_time == later
        assert conversation.idle_end_time == later + POOL.settings.lifecycle.idle_timeout
        assert conversation.loop_detector == ACTIVE.loop_detector


@pytest.mark.parametrize(("command", "conversation", "refusal"), REFUSED)
def test_a_command_that_is_impossible_is_refused_with_the_reason(
    command: Command, conversation: Conversation | None, refusal: type[ConversationError]
) -> None:
    with pytest.raises(refusal) as refused:
        command.decide(snapshot_of(conversation=conversation))
    assert refused.value.metadata["conversation_id"] == "c"


def test_a_command_reads_its_conversation() -> None:
    for command in (END, FOR_ALICE, PAUSE, RESUME, ExpireConversation("c", "e")):
        assert command.read_set(POOL).conversation_id == "c"


def test_an_idempotency_key_has_the_kind_of_its_command_and_the_callers_id() -> None:
    assert len({command.idempotency_key.kind for command, _ in COMMANDS}) == len(COMMANDS)
    for command, _ in COMMANDS:
        expected = "mdr2-1" if command.idempotency_key.kind == "text" else "r"
        assert command.idempotency_key.request_id == expected
    assert pools.ReseedPool("a digest", SETTINGS, NUMBERS).idempotency_key.request_id == "a digest"


def test_the_same_id_with_another_field_is_another_command() -> None:
    for command, field, value in FIELDS:
        key, other = command.idempotency_key, replace(command, **{field: value}).idempotency_key
        assert other.fingerprint_fields != key.fingerprint_fields, (command, field)
        assert replace(command).idempotency_key == key, command


def test_an_expiry_or_an_opt_out_ends_a_conversation_once_per_etag() -> None:
    pairs = [(conversation_id, etag) for conversation_id in "cd" for etag in "ef"]
    for commands in (
        [ExpireConversation(*pair) for pair in pairs],
        [EndConversationBySystem(*pair, EndReason.OPTED_OUT, ALICE) for pair in pairs],
    ):
        assert len({command.idempotency_key.request_id for command in commands}) == 4


def test_no_representation_of_a_command_or_its_key_shows_a_number_or_a_body() -> None:
    shown = repr([(command, command.idempotency_key) for command, _ in COMMANDS])
    for hidden in (
        ALICE.phone_number,
        BOB.phone_number,
        "'hi'",
        CODE,
        "order 7",
        "fraud",
        "a secret",
    ):
        assert hidden not in shown
