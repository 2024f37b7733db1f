"""The result of sending one message. No I/O."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from messaging_service.model.errors import (
    AttachmentsRefused,
    CarrierAccountRefused,
    CarrierRefused,
    MessagingError,
    RecipientOptedOut,
)
from messaging_service.model.message import MessageRecord, MessageState, Status, UnknownResolution


class SendOutcome(StrEnum):
    """What the carrier did with a message. The names are those of the contract."""

    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"
    NOT_SENT = "NOT_SENT"


_OUTCOMES = {
    MessageState.ACCEPTED: SendOutcome.NOT_SENT,
    MessageState.UNKNOWN: SendOutcome.UNKNOWN,
    MessageState.SENT: SendOutcome.ACCEPTED,
    MessageState.REFUSED: SendOutcome.REFUSED,
    # The carrier took the message; the state tells that it was not delivered later.
    MessageState.UNDELIVERED: SendOutcome.ACCEPTED,
    MessageState.EXPIRED: SendOutcome.REFUSED,
    MessageState.DELIVERED: SendOutcome.ACCEPTED,
}

# Final refusals, by the reason that the ledger stores.
_REFUSALS: dict[str, Callable[[], MessagingError]] = {
    CarrierRefused.reason: CarrierRefused,
    RecipientOptedOut.reason: RecipientOptedOut,
    CarrierAccountRefused.reason: CarrierAccountRefused,
    AttachmentsRefused.reason: AttachmentsRefused,
}


@dataclass(frozen=True, slots=True)
class SendResult:
    """The result for one message. `error` says why it was refused or not sent.

    `retry_after` is set for an UNKNOWN message that is still being resolved; a message that was
    not sent has the delay in its error.
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


def result_from_record(record: MessageRecord, retry_after: timedelta | None = None) -> SendResult:
    """The result for a message of the ledger. `retry_after` is for one that is being resolved."""
    return replace(
        result_for(record.message_id, record.status),
        retry_after=retry_after,
        resolution=None if retry_after else record.resolution,
        carrier_status_code=record.carrier_status_code,
        refused_attachments=record.refused_media,
    )


def result_for(message_id: str, status: Status) -> SendResult:
    """The result when nothing but the status is known."""
    outcome = _OUTCOMES[status.state]
    error = _REFUSALS.get(status.refusal, CarrierRefused)()
    is_refused = outcome is SendOutcome.REFUSED
    return SendResult(message_id, outcome, status.state, error if is_refused else None)


def refused(message_id: str, error: MessagingError) -> SendResult:
    """The result for a message that is never given to the carrier."""
    return SendResult(message_id, SendOutcome.REFUSED, MessageState.REFUSED, error)


def not_sent(message_id: str, error: MessagingError) -> SendResult:
    """The result for a message that may be tried again after the error's `retry_after`."""
    return SendResult(message_id, SendOutcome.NOT_SENT, MessageState.ACCEPTED, error)
