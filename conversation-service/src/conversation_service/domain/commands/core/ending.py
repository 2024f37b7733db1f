"""How a conversation ends, and which messages and events that causes."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.lifecycle import ended
from conversation_service.domain.commands.core.replies import transition
from conversation_service.domain.commands.core.snapshot import Draft, Snapshot
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.events import DISCARDED, Event, EventType
from conversation_service.domain.model.participants import Person
from conversation_service.domain.templates.catalog import Template

_EXPIRY_TEMPLATES = {
    EndReason.CODE_EXPIRED: Template.CODE_EXPIRED,
    EndReason.IDLE_EXPIRED: Template.IDLE_EXPIRED,
    EndReason.LIFETIME_EXPIRED: Template.LIFETIME_EXPIRED,
}


def end(
    snapshot: Snapshot,
    conversation: Conversation,
    reason: EndReason,
    leaver: Person | None = None,
    farewell: tuple[Draft, ...] | None = None,
    note: str = "",
) -> Change:
    """Ends the conversation; all participants get the same notice, except for a `farewell`.

    A `farewell` replaces the leaver's notice; it may be empty. Participants with held messages are
    notified that these were not relayed, unless they opted out.
    """
    notice = ending_template(conversation, reason)
    drafts: list[Draft] = []
    for person in conversation.participants:
        has_farewell = person == leaver and farewell is not None
        if not (has_farewell and reason is EndReason.OPTED_OUT):
            drafts += _notice_of_dropped(snapshot, conversation, person)
        if person == leaver and farewell is not None:
            drafts += farewell
        else:
            drafts.append(snapshot.system_message(person, notice))
    event = Event(
        EventType.CONVERSATION_ENDED,
        conversation.conversation_id,
        leaver.participant_id if leaver else "",
        detail=reason,
    )
    after = ended(snapshot, conversation, reason, note)
    events = [event, *_dropped_events(conversation)]
    change = transition(snapshot, conversation, after, drafts, events)
    return replace(change, discarded=tuple(chain(*conversation.held)))


def ending_template(conversation: Conversation, reason: EndReason) -> Template:
    waiting = conversation.state is State.WAITING
    return _EXPIRY_TEMPLATES.get(reason, Template.CANCELLED if waiting else Template.ENDED)


def _notice_of_dropped(
    snapshot: Snapshot, conversation: Conversation, person: Person
) -> Iterator[Draft]:
    if conversation.held[conversation.position(person)]:
        yield snapshot.system_message(person, Template.NOT_PASSED_ON)


def _dropped_events(conversation: Conversation) -> Iterator[Event]:
    """One event per author with the number of their held messages, and one per message."""
    conversation_id = conversation.conversation_id
    # A waiting conversation has one participant and two lists, both empty.
    for person, held in zip(conversation.participants, conversation.held, strict=False):
        author_id = person.participant_id
        if held:
            dropped = EventType.HELD_MESSAGES_DROPPED
            yield Event(dropped, conversation_id, author_id, detail=len(held))
        for message_id in held:
            failed = EventType.MESSAGE_FAILED
            yield Event(failed, conversation_id, author_id, message_id, DISCARDED)
