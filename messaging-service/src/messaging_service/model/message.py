"""Outbound messages, their states and their validation. No I/O."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from messaging_service.model.body import unsendable_reason
from messaging_service.model.errors import InvalidArgument
from messaging_service.model.failure import Failure, FailureReason
from runtime.grpc.status import FieldViolation

# The one rule for phone numbers in this service: "+" and 8 to 15 digits, the first one not 0.
E164 = re.compile(r"\+[1-9][0-9]{7,14}")

# The limits that the contract publishes.
ID_LIMIT = 64

BODY_LIMIT = 10_000

ATTACHMENTS_LIMIT = 16


class MessageState(StrEnum):
    """How far a message got. The ledger stores these values."""

    ACCEPTED = "accepted"
    UNCERTAIN = "uncertain"
    SENT = "sent"
    FAILED = "failed"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    DELIVERED = "delivered"

    @property
    def rank(self) -> int:
        """A message only moves to a state of higher rank, in whatever order updates arrive."""
        return _RANKS[self]


_RANKS = {
    MessageState.ACCEPTED: 1,
    MessageState.UNCERTAIN: 2,
    MessageState.SENT: 3,
    MessageState.FAILED: 4,
    MessageState.UNDELIVERED: 4,
    MessageState.EXPIRED: 4,
    # The handset has the message, whatever other receipts said.
    MessageState.DELIVERED: 5,
}


class UncertainSendPolicy(StrEnum):
    """What to do with a message when nothing tells whether the carrier has it."""

    PREFER_DUPLICATE = "PREFER_DUPLICATE"
    PREFER_LOSS = "PREFER_LOSS"


class AttachmentPolicy(StrEnum):
    """Which attachments are passed on."""

    NONE = "NONE"
    PICTURES = "PICTURES"
    ALL = "ALL"


class SendResolution(StrEnum):
    """How an uncertain send was resolved. The names are those of the contract."""

    RECEIPT = "RECEIPT"
    RECORD = "RECORD"
    SENT_AGAIN = "SENT_AGAIN"
    PREFERRED_DUPLICATE = "PREFERRED_DUPLICATE"
    PREFERRED_LOSS = "PREFERRED_LOSS"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that the carrier offers for a limited time.

    `content_type` is empty and `size_bytes` is 0 when the carrier did not state them.
    """

    url: str = field(repr=False)
    content_type: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class CampaignBudget:
    """Segments that a pool's campaign may send; 0 means no limit. Days are UTC days."""

    segments_per_minute: int = 0
    segments_per_day: int = 0


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """A message to be sent. Its repr shows neither numbers nor body."""

    message_id: str
    pool: str
    from_number: str = field(repr=False)
    to_number: str = field(repr=False)
    body: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()
    attachment_policy: AttachmentPolicy = AttachmentPolicy.PICTURES
    uncertain_send_policy: UncertainSendPolicy = UncertainSendPolicy.PREFER_LOSS
    campaign_budget: CampaignBudget = CampaignBudget()
    carrier_account_id: str = ""

    @property
    def route(self) -> tuple[str, str]:
        """Sender and recipient. Messages of one route leave in order."""
        return self.from_number, self.to_number


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a message, and why it failed if it did."""

    state: MessageState
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class UncertainSend:
    """An attempt that the carrier did not confirm, and the progress of resolving it.

    `first_start` is the start of the earliest unconfirmed attempt at the message;
    `lookups_done` counts the entries of the lookup schedule that are done.
    """

    attempt_id: str
    first_start: datetime
    unknown_time: datetime
    lookups_done: int = 0


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """What the ledger stores about a message.

    `uncertain_send` is set while it is being resolved; `resolution` tells how the last one was.
    `media_count` and `refused_media` count the attachments that are passed on and refused.
    """

    message_id: str
    pool: str
    status: Status
    accept_time: datetime
    update_time: datetime
    carrier_message_id: str = ""
    uncertain_send: UncertainSend | None = None
    resolution: SendResolution | None = None
    resends: int = 0
    media_count: int = 0
    refused_media: int = 0

    @property
    def failure(self) -> Failure | None:
        """Why it failed. A send that was given up failed too, as far as anybody knows."""
        is_given_up = (
            self.status.state is MessageState.UNCERTAIN
            and self.resolution is SendResolution.PREFERRED_LOSS
        )
        return Failure(FailureReason.UNRESOLVED) if is_given_up else self.status.failure

    @property
    def is_open(self) -> bool:
        """Whether it is still to be sent, by the present attempt or a later one."""
        may_be_resent = self.status.state is MessageState.UNCERTAIN and self.uncertain_send is None
        return self.status.state is MessageState.ACCEPTED or may_be_resent


def violations_of(message: OutboundMessage) -> InvalidArgument | None:
    """The fields of wrong form, or None. The error repeats no value."""
    violations = list(_violations(message))
    return InvalidArgument(violations) if violations else None


def id_violations(name: str, value: str) -> Iterator[FieldViolation]:
    """The contract's rule for ids."""
    if not 1 <= len(value) <= ID_LIMIT:
        yield FieldViolation(name, f"give between 1 and {ID_LIMIT} characters")


def _violations(message: OutboundMessage) -> Iterator[FieldViolation]:
    yield from id_violations("message_id", message.message_id)
    yield from id_violations("pool_id", message.pool)
    for name, number in (("from_number", message.from_number), ("to_number", message.to_number)):
        if not E164.fullmatch(number):
            yield FieldViolation(name, 'give E.164: "+" and between 8 and 15 digits')
    yield from _body_violations(message)
    if len(message.attachments) > ATTACHMENTS_LIMIT:
        yield FieldViolation("attachments", f"give at most {ATTACHMENTS_LIMIT}")


def _body_violations(message: OutboundMessage) -> Iterator[FieldViolation]:
    least = 0 if message.attachments else 1
    if not least <= len(message.body) <= BODY_LIMIT:
        yield FieldViolation("body", f"give between {least} and {BODY_LIMIT} characters")
    if reason := unsendable_reason(message.body):
        yield FieldViolation("body", f"remove characters that no handset shows ({reason})")
