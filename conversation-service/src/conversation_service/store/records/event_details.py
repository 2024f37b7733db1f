"""Details of events as the stream keeps them: a name, or a number."""

from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.events import (
    DETAILS,
    Detail,
    EventType,
    Failure,
    FailureReason,
)


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
