"""The whole outcome of a decision, committed at once or not at all."""

from dataclasses import dataclass

from conversation_service.domain.errors import ConversationError
from conversation_service.domain.model.consent import ConsentChange
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event
from conversation_service.domain.model.message_records import MessageRecord
from conversation_service.domain.model.messages import HeldMessage, OutboundMessage
from conversation_service.domain.model.participants import Block, Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.model.rate_limits import SenderLimits, WindowCounter


@dataclass(frozen=True, slots=True)
class RouteClaim:
    """A route that a conversation takes, from the ended conversation with this id if any."""

    route: Route
    current_conversation_id: str = ""


@dataclass(frozen=True, slots=True)
class SenderLimitsChange:
    """The rate limits of a person before and after."""

    person: Person
    before: SenderLimits
    after: SenderLimits


@dataclass(frozen=True, slots=True)
class CodeAttemptsChange:
    """The wrong codes on a masked number before and after."""

    masked_number: str
    before: WindowCounter
    after: WindowCounter


@dataclass(frozen=True, slots=True)
class CarrierBlockChange:
    """From now on the carrier delivers nothing on the route, or again what is sent."""

    route: Route
    is_blocked: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What to write, and the conditions under which it may be written."""

    before: Conversation | None = None
    after: Conversation | None = None
    claims: tuple[RouteClaim, ...] = ()
    # In the order in which they are sent.
    texts: tuple[OutboundMessage, ...] = ()
    events: tuple[Event, ...] = ()
    held: tuple[HeldMessage, ...] = ()
    # Of messages that are kept without being sent: held ones, and those that are not relayed.
    records: tuple[MessageRecord, ...] = ()
    # Ids of messages that were held and are given up.
    discarded: tuple[str, ...] = ()
    sender_limits: SenderLimitsChange | None = None
    # Of the people for whom a client opens a conversation.
    openings: tuple[SenderLimitsChange, ...] = ()
    code_attempts: CodeAttemptsChange | None = None
    new_block: Block | None = None
    deleted_block: Block | None = None
    # Condition: neither has blocked the other.
    requires_unblocked: tuple[Person, Person] | None = None
    # Condition: the masked number has no live conversation.
    requires_no_live_on: str = ""
    consent: ConsentChange | None = None
    carrier_block: CarrierBlockChange | None = None
    # Who gets a message that says who texts and how to opt out.
    introduced: tuple[Person, ...] = ()
    # Names the erasure that is to follow, if the command asks for one.
    erasure_id: str = ""
    pool: Pool | None = None
    # The command is refused although something is written, such as the count of wrong codes.
    refusal: ConversationError | None = None

    @property
    def participant_message_id(self) -> str:
        """Id of the message that a participant wrote with this change; empty if it has none."""
        relayed = (text.message_id for text in self.texts if text.is_relayed)
        return next(relayed, "") or next((record.message_id for record in self.records), "")
