"""The whole outcome of a decision, to be committed at once or not at all."""

from dataclasses import dataclass, field

from conversation_service.domain.attachment import Attachment
from conversation_service.domain.conduct import Conduct, Count
from conversation_service.domain.conversation import Conversation
from conversation_service.domain.errors import ConversationError
from conversation_service.domain.events import Event
from conversation_service.domain.opt_outs import Wish
from conversation_service.domain.phone import Person
from conversation_service.domain.pool import Pool


@dataclass(frozen=True, slots=True)
class OutboundText:
    """One text to be sent from a masked number to one person.

    `may_reach_opted_out` only for the one confirmation of an opt-out. `is_talk` for a participant's
    words, not Maskline's own.
    """

    message_id: str
    conversation_id: str
    from_number: str
    to: Person
    body: str = field(repr=False)
    may_reach_opted_out: bool = False
    is_talk: bool = False
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldText:
    """A participant's text that waits for a paused conversation to go on."""

    author_id: str
    body: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A person on a masked number: what a text arrives on."""

    masked_number: str
    person: Person


@dataclass(frozen=True, slots=True)
class Claim:
    """A line that a conversation takes; `occupant_id` names the ended one that it may replace."""

    line: Line
    occupant_id: str = ""


@dataclass(frozen=True, slots=True)
class ConductChange:
    """What is remembered of a person's conduct."""

    person: Person
    before: Conduct
    after: Conduct


@dataclass(frozen=True, slots=True)
class TriesChange:
    """How many wrong codes were tried on a number."""

    masked_number: str
    before: Count
    after: Count


@dataclass(frozen=True, slots=True)
class Change:
    """What to write: a conversation from `before` to `after`, texts in order, and what goes along.

    `refusal` is what the caller is told although something is written: a wrong code is counted.
    """

    before: Conversation | None = None
    after: Conversation | None = None
    claims: tuple[Claim, ...] = ()
    texts: tuple[OutboundText, ...] = ()
    events: tuple[Event, ...] = ()
    held: tuple[HeldText, ...] = ()
    conduct: ConductChange | None = None
    tries: TriesChange | None = None
    # Two who must not meet again, and two who meet only if they may.
    blocks: tuple[Person, Person] | None = None
    unless_blocked: tuple[Person, Person] | None = None
    # A masked number that must have no live conversation.
    unless_live_on: str = ""
    wish: Wish | None = None
    # Names the erasure that is to follow, if the change asks for one.
    erasure_id: str = ""
    pool: Pool | None = None
    refusal: ConversationError | None = None
