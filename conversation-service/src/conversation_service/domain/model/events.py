"""Events for clients and operators; they hold no phone number and no body."""

from dataclasses import dataclass
from enum import StrEnum

from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.templates.catalog import Template


class EventType(StrEnum):
    """The published types, by their names without the enum's prefix."""

    CONVERSATION_CREATED = "CONVERSATION_CREATED"
    CONVERSATION_JOINED = "CONVERSATION_JOINED"
    CONVERSATION_UPDATED = "CONVERSATION_UPDATED"
    CONVERSATION_PAUSED = "CONVERSATION_PAUSED"
    CONVERSATION_RESUMED = "CONVERSATION_RESUMED"
    CONVERSATION_EXPIRY_WARNED = "CONVERSATION_EXPIRY_WARNED"
    CONVERSATION_REPORTED = "CONVERSATION_REPORTED"
    CONVERSATION_ENDED = "CONVERSATION_ENDED"
    CONVERSATION_REOPENED = "CONVERSATION_REOPENED"
    CONVERSATION_ERASED = "CONVERSATION_ERASED"
    PARTICIPANT_BLOCKED = "PARTICIPANT_BLOCKED"
    PARTICIPANT_UNBLOCKED = "PARTICIPANT_UNBLOCKED"
    MESSAGE_ACCEPTED = "MESSAGE_ACCEPTED"
    MESSAGE_RELAYED = "MESSAGE_RELAYED"
    MESSAGE_HELD = "MESSAGE_HELD"
    MESSAGE_NOT_RELAYED = "MESSAGE_NOT_RELAYED"
    MESSAGE_DUPLICATE_RECEIVED = "MESSAGE_DUPLICATE_RECEIVED"
    MESSAGE_RECOVERED = "MESSAGE_RECOVERED"
    MESSAGE_ATTACHMENTS_REFUSED = "MESSAGE_ATTACHMENTS_REFUSED"
    MESSAGE_SENT = "MESSAGE_SENT"
    MESSAGE_DELIVERED = "MESSAGE_DELIVERED"
    MESSAGE_UNDELIVERED = "MESSAGE_UNDELIVERED"
    MESSAGE_FAILED = "MESSAGE_FAILED"
    MESSAGE_EXPIRED = "MESSAGE_EXPIRED"
    MESSAGE_UNCERTAIN = "MESSAGE_UNCERTAIN"
    MESSAGE_RESOLVED = "MESSAGE_RESOLVED"
    MESSAGE_DEAD_LETTERED = "MESSAGE_DEAD_LETTERED"
    MESSAGE_REPLAYED = "MESSAGE_REPLAYED"
    HELD_MESSAGES_DROPPED = "HELD_MESSAGES_DROPPED"
    KEYWORD_RECEIVED = "KEYWORD_RECEIVED"
    PERSON_OPTED_OUT = "PERSON_OPTED_OUT"
    PERSON_OPTED_IN = "PERSON_OPTED_IN"
    PERSON_JOIN_LIMIT_REACHED = "PERSON_JOIN_LIMIT_REACHED"
    POOL_CREATED = "POOL_CREATED"
    POOL_UPDATED = "POOL_UPDATED"
    MASKED_NUMBER_ADDED = "MASKED_NUMBER_ADDED"
    MASKED_NUMBER_ACTIVATED = "MASKED_NUMBER_ACTIVATED"
    MASKED_NUMBER_DRAINED = "MASKED_NUMBER_DRAINED"
    MASKED_NUMBER_REMOVED = "MASKED_NUMBER_REMOVED"
    MASKED_NUMBER_UPDATED = "MASKED_NUMBER_UPDATED"


class RelayRefusal(StrEnum):
    """Why a participant's message was not relayed; the published reasons."""

    EMPTY = "EMPTY"
    ATTACHMENTS_ONLY = "ATTACHMENTS_ONLY"
    UNSUITABLE = "UNSUITABLE"
    TOO_LONG = "TOO_LONG"
    MESSAGE_LIMIT_REACHED = "MESSAGE_LIMIT_REACHED"
    NOBODY_JOINED = "NOBODY_JOINED"
    ALREADY_IN_CONVERSATION = "ALREADY_IN_CONVERSATION"
    PAUSED = "PAUSED"
    HELD_MESSAGE_LIMIT_REACHED = "HELD_MESSAGE_LIMIT_REACHED"
    LOOP = "LOOP"
    REACTION = "REACTION"
    TOO_LATE = "TOO_LATE"
    TOO_OLD = "TOO_OLD"


class FailureReason(StrEnum):
    """Why a message failed, whichever carrier it is; the published reasons."""

    OPTED_OUT = "OPTED_OUT"
    UNREACHABLE = "UNREACHABLE"
    CONTENT_BLOCKED = "CONTENT_BLOCKED"
    SENDER_NOT_AUTHORIZED = "SENDER_NOT_AUTHORIZED"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    CARRIER_REJECTED = "CARRIER_REJECTED"
    UNRESOLVED = "UNRESOLVED"
    DISCARDED = "DISCARDED"
    ATTACHMENTS_REFUSED = "ATTACHMENTS_REFUSED"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message failed, with the carrier's own code if it gave one."""

    reason: FailureReason
    carrier_code: str = ""


# An operator discarded a dead letter, or the conversation ended while the message was held.
DISCARDED = Failure(FailureReason.DISCARDED)


class SendResolution(StrEnum):
    """How an uncertain send was resolved; the published ways."""

    RECEIPT = "RECEIPT"
    RECORD = "RECORD"
    SENT_AGAIN = "SENT_AGAIN"
    PREFERRED_DUPLICATE = "PREFERRED_DUPLICATE"
    PREFERRED_LOSS = "PREFERRED_LOSS"


class DeadLetterReason(StrEnum):
    """Why a message cannot be processed; the published reasons."""

    UNREADABLE = "UNREADABLE"
    INVALID = "INVALID"
    RETRIES_EXHAUSTED = "RETRIES_EXHAUSTED"


# What a type adds. A number counts the messages that were discarded.
Detail = (
    EndReason
    | RelayRefusal
    | Failure
    | Keyword
    | Template
    | SendResolution
    | DeadLetterReason
    | int
)

# The types that have a detail. A client's own message is accepted without a template.
DETAILS: dict[EventType, type[Detail]] = {
    EventType.CONVERSATION_EXPIRY_WARNED: EndReason,
    EventType.CONVERSATION_ENDED: EndReason,
    EventType.MESSAGE_ACCEPTED: Template,
    EventType.MESSAGE_NOT_RELAYED: RelayRefusal,
    EventType.MESSAGE_UNDELIVERED: Failure,
    EventType.MESSAGE_FAILED: Failure,
    EventType.MESSAGE_RESOLVED: SendResolution,
    EventType.MESSAGE_DEAD_LETTERED: DeadLetterReason,
    EventType.HELD_MESSAGES_DROPPED: int,
    EventType.KEYWORD_RECEIVED: Keyword,
}


@dataclass(frozen=True, slots=True)
class Event:
    """Only opaque ids and published names."""

    type: EventType
    conversation_id: str = ""
    participant_id: str = ""
    message_id: str = ""
    detail: Detail | None = None
