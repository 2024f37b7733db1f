"""What a text is, how far it can get, and what is answered about it. No I/O."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from messaging_service.model.body import unsendable_reason
from messaging_service.model.errors import (
    AttachmentsRefused,
    CarrierAccountRefused,
    CarrierRefused,
    InvalidArgument,
    MessagingError,
    RecipientOptedOut,
)
from runtime.grpc.status import FieldViolation

# E.164 allows 15 digits; nothing with fewer than 7 can be dialled across countries.
E164 = re.compile(r"\+[1-9][0-9]{6,14}")

# The contract's limits.
ID_LIMIT = 64

BODY_LIMIT = 10_000

ATTACHMENTS_LIMIT = 16


class MessageState(StrEnum):
    """How far a text got. The values are what the ledger stores."""

    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    SENT = "sent"
    REFUSED = "refused"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    DELIVERED = "delivered"

    @property
    def rank(self) -> int:
        """A text only ever moves to a state of higher rank, in whatever order news arrives."""
        return _RANKS[self]


_RANKS = {
    MessageState.ACCEPTED: 1,
    MessageState.UNKNOWN: 2,
    MessageState.SENT: 3,
    MessageState.REFUSED: 4,
    MessageState.UNDELIVERED: 4,
    MessageState.EXPIRED: 4,
    # What reached the handset was delivered, whatever else was said of it.
    MessageState.DELIVERED: 5,
}


class SendOutcome(StrEnum):
    """What the carrier made of a text; the values are the contract's words."""

    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"
    NOT_SENT = "NOT_SENT"


_OUTCOMES = {
    MessageState.ACCEPTED: SendOutcome.NOT_SENT,
    MessageState.UNKNOWN: SendOutcome.UNKNOWN,
    MessageState.SENT: SendOutcome.ACCEPTED,
    MessageState.REFUSED: SendOutcome.REFUSED,
    # The carrier had it; what happened later is told by the state.
    MessageState.UNDELIVERED: SendOutcome.ACCEPTED,
    MessageState.EXPIRED: SendOutcome.REFUSED,
    MessageState.DELIVERED: SendOutcome.ACCEPTED,
}

# Refusals for good, by the reason that the ledger keeps.
_REFUSALS: dict[str, Callable[[], MessagingError]] = {
    CarrierRefused.reason: CarrierRefused,
    RecipientOptedOut.reason: RecipientOptedOut,
    CarrierAccountRefused.reason: CarrierAccountRefused,
    AttachmentsRefused.reason: AttachmentsRefused,
}


class UnknownPolicy(StrEnum):
    """What to do with a text when nothing tells whether the carrier has it."""

    PREFER_DUPLICATE = "PREFER_DUPLICATE"
    PREFER_LOSS = "PREFER_LOSS"


class AttachmentPolicy(StrEnum):
    """Which files that come with a text are passed on."""

    NONE = "NONE"
    PICTURES = "PICTURES"
    ALL = "ALL"


class UnknownResolution(StrEnum):
    """How it was found out what became of a send whose answer was lost; the contract's words."""

    RECEIPT = "RECEIPT"
    RECORD = "RECORD"
    SENT_AGAIN = "SENT_AGAIN"
    PREFERRED_DUPLICATE = "PREFERRED_DUPLICATE"
    PREFERRED_LOSS = "PREFERRED_LOSS"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that the carrier offers, for a limited time, and what it says of it.

    `content_type` may be empty, `size_bytes` is 0 when it did not say.
    """

    url: str = field(repr=False)
    content_type: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class CampaignBudget:
    """What a pool's campaign may send, in segments; 0 is without a limit. A day is one of UTC."""

    segments_per_minute: int = 0
    segments_per_day: int = 0


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """A text to be sent. Its repr shows neither numbers nor body."""

    message_id: str
    pool: str
    from_number: str = field(repr=False)
    to_number: str = field(repr=False)
    body: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()
    attachment_policy: AttachmentPolicy = AttachmentPolicy.PICTURES
    unknown_policy: UnknownPolicy = UnknownPolicy.PREFER_LOSS
    campaign_budget: CampaignBudget = CampaignBudget()

    @property
    def route(self) -> tuple[str, str]:
        """Texts of one route leave in order."""
        return self.from_number, self.to_number


@dataclass(frozen=True, slots=True)
class Status:
    """How far a text got, and the reason of a carrier that refused it."""

    state: MessageState
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class UncertainSend:
    """An attempt whose answer was lost, and how far that has been looked into.

    `first_start` is when the first attempt whose answer was lost began, which may be an earlier
    one; `looked` counts the times of the schedule that are done with.
    """

    attempt_id: str
    first_start: datetime
    unknown_time: datetime
    looked: int = 0


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """What the ledger knows of a text.

    `inquiry` is set while a lost answer is looked into; `resolution` tells how the last one was
    found out. `media_count` and `refused_media` count its files that are passed on and those that
    are not.
    """

    message_id: str
    pool: str
    standing: Status
    accept_time: datetime
    update_time: datetime
    carrier_message_id: str = ""
    carrier_status_code: int | None = None
    inquiry: UncertainSend | None = None
    resolution: UnknownResolution | None = None
    resends: int = 0
    media_count: int = 0
    refused_media: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it is yet to be sent, by this attempt or another."""
        is_reopened = self.standing.state is MessageState.UNKNOWN and self.inquiry is None
        return self.standing.state is MessageState.ACCEPTED or is_reopened


@dataclass(frozen=True, slots=True)
class SendResult:
    """The answer about one text. `error` says why it was refused or not sent.

    `retry_after` with UNKNOWN while there is something left to look into; a text that was not sent
    has it in its error.
    """

    message_id: str
    outcome: SendOutcome
    state: MessageState
    error: MessagingError | None = None
    retry_after: timedelta | None = None
    resolution: UnknownResolution | None = None
    carrier_status_code: int | None = None
    refused_attachments: int = 0
    segments: int = 0


def result_of(message: MessageRecord, retry_after: timedelta | None = None) -> SendResult:
    """What is answered about a text that the carrier has been asked to take.

    `retry_after` is for one that is looked into.
    """
    return replace(
        result_for(message.message_id, message.standing),
        retry_after=retry_after,
        resolution=None if retry_after else message.resolution,
        carrier_status_code=message.carrier_status_code,
        refused_attachments=message.refused_media,
    )


def result_for(message_id: str, standing: Status) -> SendResult:
    """What is answered when nothing more than this is known."""
    outcome = _OUTCOMES[standing.state]
    error = _REFUSALS.get(standing.refusal, CarrierRefused)()
    is_refused = outcome is SendOutcome.REFUSED
    return SendResult(message_id, outcome, standing.state, error if is_refused else None)


def refused(message_id: str, error: MessagingError) -> SendResult:
    """A text that the carrier was never asked about, and never will be."""
    return SendResult(message_id, SendOutcome.REFUSED, MessageState.REFUSED, error)


def not_sent(message_id: str, error: MessagingError) -> SendResult:
    """A text that may be tried again after the error's `retry_after`."""
    return SendResult(message_id, SendOutcome.NOT_SENT, MessageState.ACCEPTED, error)


def violations_of(text: OutboundMessage) -> InvalidArgument | None:
    """What is wrong with the form of a text, if anything. It repeats no value."""
    violations = list(_violations(text))
    return InvalidArgument(violations) if violations else None


def id_violations(name: str, value: str) -> Iterator[FieldViolation]:
    """The contract's rule for identifiers."""
    if not 1 <= len(value) <= ID_LIMIT:
        yield FieldViolation(name, f"give between 1 and {ID_LIMIT} characters")


def _violations(text: OutboundMessage) -> Iterator[FieldViolation]:
    yield from id_violations("message_id", text.message_id)
    yield from id_violations("pool", text.pool)
    for name, number in (("from_number", text.from_number), ("to_number", text.to_number)):
        if not E164.fullmatch(number):
            yield FieldViolation(name, 'give E.164: "+" and between 7 and 15 digits')
    yield from _body_violations(text)
    if len(text.attachments) > ATTACHMENTS_LIMIT:
        yield FieldViolation("attachments", f"give at most {ATTACHMENTS_LIMIT}")


def _body_violations(text: OutboundMessage) -> Iterator[FieldViolation]:
    least = 0 if text.attachments else 1
    if not least <= len(text.body) <= BODY_LIMIT:
        yield FieldViolation("body", f"give between {least} and {BODY_LIMIT} characters")
    if why := unsendable_reason(text.body):
        yield FieldViolation("body", f"leave out what no handset shows ({why})")
