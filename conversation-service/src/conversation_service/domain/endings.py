"""How a conversation ends, and who is told what."""

from conversation_service.domain import texts
from conversation_service.domain.change import Change
from conversation_service.domain.conversation import Conversation, EndReason, State
from conversation_service.domain.facts import Facts
from conversation_service.domain.phone import Person
from conversation_service.domain.transitions import ended


def end(
    facts: Facts,
    conversation: Conversation,
    reason: EndReason,
    leaver: Person | None = None,
    farewell: str | None = None,
) -> Change:
    """Ends it. Everybody gets the same words, but for a leaver, who gets `farewell` or nothing."""
    words = _words(conversation, reason)
    told = [
        (person, farewell if person == leaver else words) for person in conversation.participants
    ]
    after = ended(facts, conversation, reason)
    spoken = [(one, body) for one, body in told if body is not None]
    return Change(conversation, after, facts.texts(conversation, *spoken))


def _words(conversation: Conversation, reason: EndReason) -> str:
    if reason is EndReason.CODE_EXPIRED:
        return texts.code_expired()
    if reason is EndReason.IDLE_EXPIRED:
        return texts.idle_expired()
    return texts.cancelled() if conversation.state is State.WAITING else texts.ended()
