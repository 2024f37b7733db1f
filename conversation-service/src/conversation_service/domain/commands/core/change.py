"""The whole outcome of a decision, to be committed at once or not at all."""

from dataclasses import dataclass

from conversation_service.domain.errors import ConversationError
from conversation_service.domain.model.consent import Wish
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event
from conversation_service.domain.model.messages import HeldText, OutboundText
from conversation_service.domain.model.participants import Line, Person
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.model.rate_limits import Conduct, Count


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
