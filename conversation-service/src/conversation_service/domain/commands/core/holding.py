"""How words get from one participant to the other, or why they do not."""

from collections.abc import Sequence
from dataclasses import replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.lifecycle import message_held, message_passed
from conversation_service.domain.commands.core.replies import (
    transition,
)
from conversation_service.domain.commands.core.snapshot import Draft, Snapshot
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType, Rule
from conversation_service.domain.model.messages import Attachment, HeldMessage
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import PausePolicy

# Far more than two people say while somebody has stopped them, and little enough to keep.
HELD_LIMIT = 50


def relayed_draft(
    active: Conversation, author_id: str, body: str, attachments: tuple[Attachment, ...] = ()
) -> Draft:
    """Words of one participant to the other, with the files that go along."""
    [receiver] = (one for one in active.participants if one.participant_id != author_id)
    return Draft(receiver, body, author_id=author_id, attachments=attachments)


def hold(
    facts: Snapshot,
    active: Conversation,
    kept: HeldMessage,
    said: Sequence[Draft] = (),
    events: Sequence[Event] = (),
) -> Change:
    """Keeps words of a participant for the moment it goes on; `said` tells people of that."""
    name, author_id = active.conversation_id, kept.author_id
    after = message_passed(facts, message_held(active, Person(author_id)), active.exchange)
    event = Event(EventType.MESSAGE_HELD, name, author_id, facts.change_id)
    return replace(transition(facts, active, after, said, [event, *events]), held=(kept,))


def may_hold(facts: Snapshot, conversation: Conversation) -> Rule | None:
    """Why a paused conversation does not keep another text, if it does not."""
    if facts.pool.settings.pause_policy is PausePolicy.REFUSE:
        return Rule.PAUSED
    return Rule.TOO_MANY_HELD if sum(conversation.held) >= HELD_LIMIT else None
