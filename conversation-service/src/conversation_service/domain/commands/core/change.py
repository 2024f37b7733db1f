"""The whole outcome of a decision, to be committed at once or not at all."""

from dataclasses import dataclass

from conversation_service.domain.errors import ConversationError
from conversation_service.domain.model.consent import ConsentChange
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event
from conversation_service.domain.model.messages import HeldMessage, OutboundMessage
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.model.rate_limits import SenderLimits, WindowCounter


@dataclass(frozen=True, slots=True)
class RouteClaim:
    """A line that a conversation takes; `occupant_id` names the ended one that it may replace."""

    line: Route
    current_conversation_id: str = ""


@dataclass(frozen=True, slots=True)
class SenderLimitsChange:
    """What is remembered of a person's conduct."""

    person: Person
    before: SenderLimits
    after: SenderLimits


@dataclass(frozen=True, slots=True)
class CodeAttemptsChange:
    """How many wrong codes were tried on a number."""

    masked_number: str
    before: WindowCounter
    after: WindowCounter


@dataclass(frozen=True, slots=True)
class Change:
    """What to write: a conversation from `before` to `after`, texts in order, and what goes along.

    `refusal` is what the caller is told although something is written: a wrong code is counted.
    """

    before: Conversation | None = None
    after: Conversation | None = None
    claims: tuple[RouteClaim, ...] = ()
    texts: tuple[OutboundMessage, ...] = ()
    events: tuple[Event, ...] = ()
    held: tuple[HeldMessage, ...] = ()
    conduct: SenderLimitsChange | None = None
    tries: CodeAttemptsChange | None = None
    # Two who must not meet again, and two who meet only if they may.
    blocks: tuple[Person, Person] | None = None
    unless_blocked: tuple[Person, Person] | None = None
    # A masked number that must have no live conversation.
    unless_live_on: str = ""
    wish: ConsentChange | None = None
    # Names the erasure that is to follow, if the change asks for one.
    erasure_id: str = ""
    pool: Pool | None = None
    refusal: ConversationError | None = None
