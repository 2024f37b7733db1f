"""How a conversation ends, and who is told what."""

from collections.abc import Iterator

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.lifecycle import ended
from conversation_service.domain.commands.core.replies import transition
from conversation_service.domain.commands.core.snapshot import Draft, Snapshot
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.participants import Person
from conversation_service.domain.templates.catalog import Template

_WORDS = {
    EndReason.CODE_EXPIRED: Template.CODE_EXPIRED,
    EndReason.IDLE_EXPIRED: Template.IDLE_EXPIRED,
    EndReason.LIFETIME_EXPIRED: Template.LIFETIME_EXPIRED,
}


def end(
    facts: Snapshot,
    conversation: Conversation,
    reason: EndReason,
    leaver: Person | None = None,
    farewell: tuple[Draft, ...] | None = None,
    note: str = "",
) -> Change:
    """Ends it. Everybody gets the same words, but for a leaver who has a `farewell` of their own.

    Whoever has texts that were held and never passed on is told so, unless they opted out.
    """
    after = ended(facts, conversation, reason, note)
    said: list[Draft] = []
    for person in conversation.participants:
        is_leaving = person == leaver and farewell is not None
        if not (is_leaving and reason is EndReason.OPTED_OUT):
            said += _about_held(facts, conversation, person)
        words = (facts.says(person, ending_words(conversation, reason)),)
        said += farewell if is_leaving and farewell is not None else words
    author = leaver.participant_id if leaver else ""
    name = conversation.conversation_id
    told = Event(EventType.CONVERSATION_ENDED, name, author, detail=reason.value)
    return transition(facts, conversation, after, said, [told, *_dropped(conversation)])


def ending_words(conversation: Conversation, reason: EndReason) -> Template:
    """What everybody is told of an end."""
    waiting = conversation.state is State.WAITING
    return _WORDS.get(reason, Template.CANCELLED if waiting else Template.ENDED)


def _about_held(facts: Snapshot, conversation: Conversation, person: Person) -> Iterator[Draft]:
    if conversation.held[conversation.position(person)]:
        yield facts.says(person, Template.NOT_PASSED_ON)


def _dropped(conversation: Conversation) -> Iterator[Event]:
    """One event for each author: how many of their held texts are gone."""
    for person, count in zip(conversation.participants, conversation.held, strict=False):
        if count:
            name = conversation.conversation_id
            dropped = EventType.MESSAGE_DROPPED
            yield Event(dropped, name, person.participant_id, detail=str(count))
