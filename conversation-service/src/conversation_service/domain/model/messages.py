"""How far a text got on its way out."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from conversation_service.domain.model.participants import Person


class MessageState(StrEnum):
    """A text's states, in the order in which they may follow each other."""

    ACCEPTED = "ACCEPTED"
    UNKNOWN = "UNKNOWN"
    SENT = "SENT"
    REFUSED = "REFUSED"
    UNDELIVERED = "UNDELIVERED"
    EXPIRED = "EXPIRED"
    DELIVERED = "DELIVERED"

    @property
    def rank(self) -> int:
        """A text only moves to a state of a higher rank: late news never undo newer ones.

        Delivered ranks highest: a handset that has the text is stronger than a report that it has
        not.
        """
        return _RANKS[self]


_RANKS = {
    MessageState.ACCEPTED: 0,
    MessageState.UNKNOWN: 1,
    MessageState.SENT: 2,
    MessageState.REFUSED: 3,
    MessageState.UNDELIVERED: 3,
    MessageState.EXPIRED: 3,
    MessageState.DELIVERED: 4,
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """Where the carrier offers it, for a limited time, and what the carrier says that it is.

    `content_type` may be empty, `size_bytes` is 0 when the carrier did not say.
    """

    url: str = field(repr=False)
    content_type: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One text, well-formed.

    `carrier_time` is when the carrier took it, None when it did not say. `is_recovered` if it was
    found in the carrier's records.
    """

    carrier_message_id: str
    from_number: str = field(repr=False)
    to_number: str
    body: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()
    carrier_time: datetime | None = None
    is_recovered: bool = False


class DeliveryFailureKind(StrEnum):
    """What became of a participant's text instead of arriving whole."""

    NOT_DELIVERED = "NOT_DELIVERED"
    UNCERTAIN = "UNCERTAIN"
    ATTACHMENTS_REFUSED = "ATTACHMENTS_REFUSED"
    ATTACHMENTS_ONLY_REFUSED = "ATTACHMENTS_ONLY_REFUSED"


@dataclass(frozen=True, slots=True)
class DeliveryFailure:
    """One failed text. Whoever is not the recipient in its conversation wrote it."""

    message_id: str
    conversation_id: str
    recipient_person_id: str
    kind: DeliveryFailureKind


# Ten times what a carrier takes in one text; whoever writes more is told so.
MAX_LENGTH = 10_000

# NUL and terminal controls: no handset shows them, and the carrier is never given them.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def is_sendable(body: str) -> bool:
    """Whether a text can be passed on exactly as it is. A text may be empty."""
    return len(body) <= MAX_LENGTH and _CONTROL.search(body) is None


@dataclass(frozen=True, slots=True)
class OutboundMessage:
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
    is_relayed: bool = False
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """A participant's text that waits for a paused conversation to go on."""

    author_id: str
    body: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()
