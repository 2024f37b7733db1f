"""What clients and people have in common who create a conversation."""

from collections.abc import Iterable
from dataclasses import replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.number_selection import route_claims
from conversation_service.domain.commands.core.replies import transition
from conversation_service.domain.commands.core.snapshot import Draft, Snapshot
from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.domain.model.events import Event, EventType


def creation(snapshot: Snapshot, conversation: Conversation, drafts: Iterable[Draft]) -> Change:
    """A new conversation takes its routes; `drafts` are its first messages."""
    people = conversation.participants
    waiting = people[0].participant_id if conversation.state is State.WAITING else ""
    event = Event(EventType.CONVERSATION_CREATED, conversation.conversation_id, waiting)
    change = transition(snapshot, None, conversation, drafts, [event])
    return replace(change, claims=route_claims(snapshot, conversation.masked_number, people))
