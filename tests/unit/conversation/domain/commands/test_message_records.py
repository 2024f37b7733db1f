"""One message, one id: whatever becomes of it, its events and its record say the same id."""

import pytest

from conversation_service.domain.commands.client.end import EndConversation
from conversation_service.domain.commands.client.pause import ResumeConversation
from conversation_service.domain.commands.client.send import SendMessage
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.errors import InvalidArgument, ParticipantNotFound
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import DISCARDED, EventType, RelayRefusal
from conversation_service.domain.model.message_records import MessageRecord
from conversation_service.domain.model.messages import HeldMessage, MessageState
from conversation_service.domain.model.pool import AttachmentPolicy, PausePolicy
from support.builders.conversations import ALICE, BOB, CAROL
from support.builders.decisions import (
    ACTIVE,
    CARD,
    NOW,
    PAUSED,
    PICTURE,
    WAITING,
    after,
    incoming,
    pool_with,
    sent_bodies,
    snapshot_about,
    snapshot_of,
    texted,
)

NOT_RELAYED: list[tuple[Change, Conversation, RelayRefusal]] = [
    (texted("", ACTIVE), ACTIVE, RelayRefusal.EMPTY),
    (texted("start", ACTIVE), ACTIVE, RelayRefusal.ALREADY_IN_CONVERSATION),
    (texted("a\0b", ACTIVE), ACTIVE, RelayRefusal.UNSUITABLE),
    (texted("hi", PAUSED, pool=pool_with({"relay.pause_policy": PausePolicy.REFUSE})), PAUSED,
     RelayRefusal.PAUSED),
    (texted("hi", WAITING, by=ALICE), WAITING, RelayRefusal.NOBODY_JOINED),
]  # fmt: skip
FILES = pool_with({"relay.attachment_policy": AttachmentPolicy.NONE})


def message_events(change: Change, message_id: str) -> list[EventType]:
    return [event.type for event in change.events if event.message_id == message_id]


def test_a_relayed_message_has_the_id_of_its_change_and_replies_have_their_own() -> None:
    change = texted("look", ACTIVE, attachments=(PICTURE, CARD))
    assert [message.message_id for message in change.texts] == ["change", "change-1"]
    assert message_events(change, "change") == [
        EventType.MESSAGE_ATTACHMENTS_REFUSED,
        EventType.MESSAGE_RELAYED,
    ]
    assert change.records == ()


@pytest.mark.parametrize(("change", "conversation", "refusal"), NOT_RELAYED)
def test_a_message_that_is_not_relayed_has_a_record(
    change: Change, conversation: Conversation, refusal: RelayRefusal
) -> None:
    [record] = change.records
    partner = ALICE.person_id if len(conversation.participants) > 1 else ""
    assert record == MessageRecord(
        "change",
        MessageState.NOT_RELAYED,
        NOW,
        partner,
        "c",
        is_relayed=True,
        relay_refusal=refusal,
    )
    assert message_events(change, "change") == [EventType.MESSAGE_NOT_RELAYED]
    assert "change" not in {message.message_id for message in change.texts}


def test_a_record_counts_the_segments_and_the_files_that_would_be_sent() -> None:
    long, files = texted("x" * 141, PAUSED), texted("look", PAUSED, attachments=(PICTURE, CARD))
    counts = [
        (one.records[0].segment_count, one.records[0].attachment_count) for one in (long, files)
    ]
    assert counts == [(1, 0), (1, 1)]
    [record] = texted("x" * 161, PAUSED).records
    assert (record.segment_count, record.state) == (2, MessageState.HELD)


def test_a_held_message_keeps_its_id_when_it_is_relayed() -> None:
    held = texted("hello", PAUSED)
    assert message_events(held, "change") == [EventType.MESSAGE_HELD]
    waiting = (HeldMessage("held before", BOB.participant_id, "hello"),)
    change = ResumeConversation("r", "c").decide(snapshot_about(after(held), held=waiting))
    relayed = change.texts[-1]
    assert (relayed.message_id, relayed.body, relayed.was_held) == ("held before", "hello", True)
    assert message_events(change, "held before") == [EventType.MESSAGE_RELAYED]
    assert not change.texts[0].was_held


def test_a_message_that_is_held_at_the_end_fails_as_discarded() -> None:
    holding = after(texted("hello", PAUSED))
    change = EndConversation("r", "c").decide(snapshot_about(holding))
    assert change.discarded == ("change",)
    failed = [event for event in change.events if event.type is EventType.MESSAGE_FAILED]
    [event] = failed
    assert (event.message_id, event.participant_id) == ("change", BOB.participant_id)
    assert event.detail == DISCARDED


@pytest.mark.parametrize("body", ["hello", "", "start"])
def test_a_recovered_message_has_one_id_too(body: str) -> None:
    change = incoming(body, is_recovered=True).decide(snapshot_of(ACTIVE))
    assert message_events(change, "change")[0] is EventType.MESSAGE_RECOVERED
    assert len(message_events(change, "change")) == 2


@pytest.mark.parametrize("body", ["help", "end", "stop"])
def test_a_keyword_is_no_message_and_has_no_id(body: str) -> None:
    change = incoming(body, is_recovered=True, attachments=(PICTURE,)).decide(snapshot_of(ACTIVE))
    assert (change.participant_message_id, change.records) == ("", ())
    assert message_events(change, "change") == []
    [recovered] = [one for one in change.events if one.type is EventType.MESSAGE_RECOVERED]
    assert recovered.message_id == ""


def test_a_client_sends_to_the_participants_that_it_names() -> None:
    for chosen, expected in (
        ((), [ALICE, BOB]),
        ((BOB.participant_id,), [BOB]),
        ((BOB.participant_id, ALICE.participant_id), [BOB, ALICE]),
    ):
        change = SendMessage("r", "c", "", "hi", chosen).decide(snapshot_about(ACTIVE))
        assert sent_bodies(change) == [(person, "hi") for person in expected]
    of_alice = SendMessage("r", "c", ALICE.participant_id, "hi", (BOB.participant_id,))
    assert sent_bodies(of_alice.decide(snapshot_about(ACTIVE))) == [(BOB, "hi")]
    for author in ("", ALICE.participant_id):
        with pytest.raises(ParticipantNotFound):
            SendMessage("r", "c", author, "hi", (CAROL.participant_id,)).decide(
                snapshot_about(ACTIVE)
            )


@pytest.mark.parametrize("author", ["", ALICE.participant_id])
def test_a_client_sends_files_where_the_pool_relays_them(author: str) -> None:
    command = SendMessage("r", "c", author, "", attachments=(PICTURE,))
    for message in command.decide(snapshot_about(ACTIVE)).texts:
        assert (message.body, message.attachments) == ("", (PICTURE,))
    with pytest.raises(InvalidArgument) as refused:
        command.decide(snapshot_about(ACTIVE, pool=FILES))
    assert [violation.field for violation in refused.value.violations] == ["media"]


def test_files_of_a_client_are_held_with_their_message() -> None:
    command = SendMessage("r", "c", ALICE.participant_id, "look", attachments=(PICTURE,))
    change = command.decide(snapshot_about(PAUSED))
    assert change.held == (HeldMessage("change", ALICE.participant_id, "look", (PICTURE,)),)
    assert change.records[0].attachment_count == 1


def test_a_system_message_with_only_a_file_says_whose_it_is() -> None:
    marked = pool_with({"system_message_prefix": "City:"})
    command = SendMessage("r", "c", "", "", attachments=(PICTURE,))
    change = command.decide(snapshot_about(ACTIVE, pool=marked))
    assert {message.body for message in change.texts} == {"City:"}


def test_recipients_and_files_belong_to_the_idempotency_key() -> None:
    def fields(*more: object) -> tuple[str, ...]:
        return SendMessage("r", "c", "", "hi", *more).idempotency_key.fingerprint_fields  # type: ignore[arg-type]

    assert len({fields(), fields(("a",)), fields(("a", "b")), fields((), (PICTURE,))}) == 4
