"""How words get from one participant to the other, or why they do not."""

from collections.abc import Sequence
from dataclasses import replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.lifecycle import held, talked
from conversation_service.domain.commands.core.replies import (
    change_of,
)
from conversation_service.domain.commands.core.snapshot import Facts, Said
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType, Rule
from conversation_service.domain.model.messages import Attachment, HeldText
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import PausePolicy

# Far more than two people say while somebody has stopped them, and little enough to keep.
HELD_LIMIT = 50


def words_of(
    active: Conversation, author_id: str, body: str, attachments: tuple[Attachment, ...] = ()
) -> Said:
    """Words of one participant to the other, with the files that go along."""
    [receiver] = (one for one in active.participants if one.participant_id != author_id)
    return Said(receiver, body, author_id=author_id, attachments=attachments)


def hold(
    facts: Facts,
    active: Conversation,
    kept: HeldText,
    said: Sequence[Said] = (),
    events: Sequence[Event] = (),
) -> Change:
    """Keeps words of a participant for the moment it goes on; `said` tells people of that."""
    name, author_id = active.conversation_id, kept.author_id
    after = talked(facts, held(active, Person(author_id)), active.exchange)
    event = Event(EventType.MESSAGE_HELD, name, author_id, facts.change_id)
    return replace(change_of(facts, active, after, said, [event, *events]), held=(kept,))


def may_hold(facts: Facts, conversation: Conversation) -> Rule | None:
    """Why a paused conversation does not keep another text, if it does not."""
    if facts.pool.settings.pause_policy is PausePolicy.REFUSE:
        return Rule.PAUSED
    return Rule.TOO_MANY_HELD if sum(conversation.held) >= HELD_LIMIT else None
