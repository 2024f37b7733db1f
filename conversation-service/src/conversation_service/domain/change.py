"""The whole outcome of a decision, to be committed at once or not at all."""

from dataclasses import dataclass, field
from datetime import timedelta

from conversation_service.domain.conversation import Conversation
from conversation_service.domain.phone import Person


@dataclass(frozen=True, slots=True)
class OutboundText:
    """One text to be sent from a masked number to one person."""

    message_id: str
    conversation_id: str
    from_number: str
    to_number: str = field(repr=False)
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A person on a masked number: what a text arrives on."""

    masked_number: str
    person: Person


@dataclass(frozen=True, slots=True)
class Silence:
    """A line on which strangers' texts are not answered for a while."""

    line: Line
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class Change:
    """What to write: a conversation from `before` to `after`, texts in order, a silence."""

    before: Conversation | None = None
    after: Conversation | None = None
    texts: tuple[OutboundText, ...] = ()
    silence: Silence | None = None
