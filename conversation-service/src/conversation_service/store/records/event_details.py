"""Types and details of events as the stream keeps them: names, or a number."""

from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.events import (
    DETAILS,
    Detail,
    EventType,
    Failure,
    FailureReason,
)

# Of the types that nearly every message leaves behind.
_LETTERS = {
    EventType.MESSAGE_ACCEPTED: "A",
    EventType.MESSAGE_RELAYED: "R",
    EventType.MESSAGE_SENT: "S",
    EventType.MESSAGE_DELIVERED: "D",
}

_TYPES = {letter: kind for kind, letter in _LETTERS.items()}


def encode_type(kind: EventType) -> str:
    """The stored form of a type: its letter, or its name."""
    return _LETTERS.get(kind, kind.value)


def decode_type(stored: str) -> EventType:
    """The type of an event."""
    return _TYPES.get(stored) or EventType(stored)


def encode_detail(detail: Detail | None) -> str:
    """The stored form; empty if there is none. A failure's reason comes before the code."""
    match detail:
        case None:
            return ""
        case Failure(reason, code):
            return f"{reason} {code}".rstrip()
        case Keyword():
            return detail.name
        case _:
            return str(detail)


def decode_detail(kind: EventType, stored: str) -> Detail | None:
    """The detail of an event of this type."""
    if not stored:
        return None
    detail_type = DETAILS[kind]
    if issubclass(detail_type, Failure):
        reason, _, code = stored.partition(" ")
        return Failure(FailureReason(reason), code)
    return Keyword[stored] if issubclass(detail_type, Keyword) else detail_type(stored)
