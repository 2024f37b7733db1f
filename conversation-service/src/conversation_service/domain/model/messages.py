"""Messages: inbound, outbound, held; their attachments, states and failures."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from conversation_service.domain.model.participants import Person
from conversation_service.domain.templates.catalog import Template


class MessageState(StrEnum):
    """The published states of a message."""

    ACCEPTED = "ACCEPTED"
    HELD = "HELD"
    UNCERTAIN = "UNCERTAIN"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    UNDELIVERED = "UNDELIVERED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    NOT_RELAYED = "NOT_RELAYED"

    @property
    def rank(self) -> int:
        """A message only moves to a state of a higher rank, so late receipts undo nothing.

        DELIVERED ranks highest: it outweighs an earlier report of a failure.
        """
        return _RANKS[self]


_RANKS = {
    MessageState.HELD: 0,
    MessageState.ACCEPTED: 0,
    MessageState.UNCERTAIN: 1,
    MessageState.SENT: 2,
    MessageState.FAILED: 3,
    MessageState.UNDELIVERED: 3,
    MessageState.EXPIRED: 3,
    MessageState.DELIVERED: 4,
    MessageState.NOT_RELAYED: 4,
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that the carrier offers at `url` for a limited time.

    `content_type` is empty and `size_bytes` is 0 if the carrier did not declare them.
    """

    url: str = field(repr=False)
    content_type: str = ""
    size_bytes: int = 0

    @property
    def media_type(self) -> str:
        """The declared type without parameters such as a character set."""
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def is_text(self) -> bool:
        """Whether it is declared as a text part, whose words belong to the body."""
        return self.media_type == "text/plain"


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A valid inbound message, from a callback or, if `is_recovered`, from the carrier's records.

    `carrier_time` is when the carrier accepted it, if known. `original_body` is set once the words
    of text parts were added to `body`. `carrier_account_id` is empty for the only account.
    """

    carrier_message_id: str
    from_number: str = field(repr=False)
    to_number: str
    body: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()
    carrier_time: datetime | None = None
    is_recovered: bool = False
    original_body: str | None = field(default=None, repr=False)
    carrier_account_id: str = ""

    @property
    def received_id(self) -> str:
        """Tells it from all other inbound messages: the carriers' ids are unique per account."""
        if not self.carrier_account_id:
            return self.carrier_message_id
        return f"{self.carrier_account_id}:{self.carrier_message_id}"

    @property
    def carrier_body(self) -> str:
        """The body as the carrier has it."""
        return self.body if self.original_body is None else self.original_body

    @property
    def text_parts(self) -> tuple[Attachment, ...]:
        """The files that may hold words of the body."""
        return tuple(file for file in self.attachments if file.url and file.is_text)


class DeliveryFailureKind(StrEnum):
    """How a participant's message failed."""

    NOT_DELIVERED = "NOT_DELIVERED"
    UNCERTAIN = "UNCERTAIN"
    ATTACHMENTS_REFUSED = "ATTACHMENTS_REFUSED"
    ATTACHMENTS_ONLY_REFUSED = "ATTACHMENTS_ONLY_REFUSED"


@dataclass(frozen=True, slots=True)
class DeliveryFailure:
    """A failed message. Its sender is the participant who is not the recipient, unless it is a
    message of the system."""

    message_id: str
    conversation_id: str
    recipient_person_id: str
    kind: DeliveryFailureKind
    is_relayed: bool = True

    @property
    def is_about_files(self) -> bool:
        """Whether files of it were refused."""
        return self.kind in (
            DeliveryFailureKind.ATTACHMENTS_REFUSED,
            DeliveryFailureKind.ATTACHMENTS_ONLY_REFUSED,
        )


# Characters: ten times what a carrier accepts in one message.
MAX_LENGTH = 10_000

# NUL and terminal controls: no handset shows them, and they are never sent to the carrier.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


# Flowroute's rule: ASCII takes 160 characters, or 140 in each segment of a longer body; any other
# body takes 70 UTF-16 units a segment.
_ASCII_SINGLE, _ASCII_EACH, _UCS2_EACH = 160, 140, 70

# The messaging service sends straight quotes instead.
_CURLY_QUOTES = re.compile("[\u2018-\u201f]")


def segment_count(body: str, attachments: tuple[Attachment, ...] = ()) -> int:
    """The segments that the carrier charges for; one for an MMS, and for an empty body."""
    if attachments:
        return 1
    sent = _CURLY_QUOTES.sub("'", body)
    if not sent.isascii():
        return max(1, -(-len(sent.encode("utf-16-le", "surrogatepass")) // 2 // _UCS2_EACH))
    return 1 if len(sent) <= _ASCII_SINGLE else -(-len(sent) // _ASCII_EACH)


def is_sendable(body: str) -> bool:
    """Whether a body can be relayed unchanged. It may be empty."""
    return len(body) <= MAX_LENGTH and _CONTROL.search(body) is None


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """A message from a masked number to one person.

    `may_reach_opted_out` only for the confirmation of an opt-out. `is_relayed` if a participant
    wrote it, false for a system message, whose `template` is None if a client wrote it.
    `uses_reserve` if it may use the part of the campaign's budget that is reserved for opt-outs,
    help and endings. `was_held` if its record is there already.
    """

    message_id: str
    conversation_id: str
    from_number: str
    to: Person
    body: str = field(repr=False)
    may_reach_opted_out: bool = False
    is_relayed: bool = False
    attachments: tuple[Attachment, ...] = ()
    uses_reserve: bool = False
    template: Template | None = None
    was_held: bool = False

    @property
    def segment_count(self) -> int:
        """What it counts for."""
        return segment_count(self.body, self.attachments)


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """A participant's message that waits until a paused conversation is resumed."""

    message_id: str
    author_id: str
    body: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()

    @property
    def segment_count(self) -> int:
        """What it will count for."""
        return segment_count(self.body, self.attachments)
