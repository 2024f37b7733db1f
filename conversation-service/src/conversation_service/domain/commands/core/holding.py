"""Drafts of relayed messages, and holding messages while a conversation is paused."""

from collections.abc import Sequence
from dataclasses import replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.lifecycle import message_held, message_passed
from conversation_service.domain.commands.core.replies import transition
from conversation_service.domain.commands.core.snapshot import Draft, Snapshot
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType, RelayRefusal
from conversation_service.domain.model.message_records import MessageRecord
from conversation_service.domain.model.messages import Attachment, HeldMessage, MessageState
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import PausePolicy

# Far more than two people send during a pause, and little to store. Both participants together.
HELD_LIMIT = 50


def relayed_draft(
    snapshot: Snapshot,
    active: Conversation,
    author_id: str,
    body: str,
    attachments: tuple[Attachment, ...] = (),
    held_id: str = "",
) -> Draft:
    """A participant's message to the other participant; `held_id` is its id if it was held."""
    relayed = snapshot.pool.catalog.unmarked(body)
    return Draft(
        _recipient(active, author_id),
        relayed,
        author_id=author_id,
        attachments=attachments,
        message_id=held_id or snapshot.change_id,
        was_held=held_id != "",
    )


def hold(
    snapshot: Snapshot,
    active: Conversation,
    message: HeldMessage,
    drafts: Sequence[Draft] = (),
    events: Sequence[Event] = (),
) -> Change:
    """Keeps a message until the conversation is resumed; `drafts` are the replies to its author."""
    conversation_id, author_id = active.conversation_id, message.author_id
    held = message_held(active, Person(author_id), message.message_id)
    after = message_passed(snapshot, held, active.loop_detector)
    event = Event(EventType.MESSAGE_HELD, conversation_id, author_id, message.message_id)
    record = MessageRecord(
        message.message_id,
        MessageState.HELD,
        snapshot.now,
        _recipient(active, author_id).person_id,
        conversation_id,
        is_relayed=True,
        segment_count=message.segment_count,
        attachment_count=len(message.attachments),
    )
    change = transition(snapshot, active, after, drafts, [event, *events])
    return replace(change, held=(message,), records=(record,))


def rule_against_hold(snapshot: Snapshot, paused: Conversation) -> RelayRefusal | None:
    """Why a paused conversation may not hold another message; None if it may."""
    if snapshot.pool.settings.relay.pause_policy is PausePolicy.REFUSE:
        return RelayRefusal.PAUSED
    is_full = sum(map(len, paused.held)) >= HELD_LIMIT
    return RelayRefusal.HELD_MESSAGE_LIMIT_REACHED if is_full else None


def _recipient(active: Conversation, author_id: str) -> Person:
    [recipient] = (person for person in active.participants if person.participant_id != author_id)
    return recipient
