"""The result of sending one message. No I/O."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from messaging_service.model.errors import MessagingError
from messaging_service.model.failure import Failure, FailureReason
from messaging_service.model.message import MessageRecord, MessageState, SendResolution, Status


class SendOutcome(StrEnum):
    """What the carrier did with a message. The names are those of the contract."""

    SENT = "SENT"
    REJECTED = "REJECTED"
    UNCERTAIN = "UNCERTAIN"
    NOT_SENT = "NOT_SENT"


_OUTCOMES = {
    MessageState.ACCEPTED: SendOutcome.NOT_SENT,
    MessageState.UNCERTAIN: SendOutcome.UNCERTAIN,
    MessageState.SENT: SendOutcome.SENT,
    MessageState.FAILED: SendOutcome.REJECTED,
    # The carrier took the message; the state tells that it was not delivered later.
    MessageState.UNDELIVERED: SendOutcome.SENT,
    MessageState.EXPIRED: SendOutcome.REJECTED,
    MessageState.DELIVERED: SendOutcome.SENT,
}

# For a refused message whose failure Redis has lost.
_UNSTATED = Failure(FailureReason.CARRIER_REJECTED)


@dataclass(frozen=True, slots=True)
class SendResult:
    """The result for one message.

    `error` says why this service did not take or did not send it, `failure` why it failed later.
    `retry_after` is set for an UNKNOWN message that is still being resolved; a message that was
    not sent has the delay in its error.
    """

    message_id: str
    outcome: SendOutcome
    state: MessageState
    error: MessagingError | None = None
    failure: Failure | None = None
    retry_after: timedelta | None = None
    resolution: SendResolution | None = None
    refused_attachment_count: int = 0
    segments: int = 0


def result_from_record(
    record: MessageRecord, retry_after: timedelta | None = None, segments: int = 0
) -> SendResult:
    """The result for a message of the ledger. `retry_after` is for one that is being resolved."""
    state = record.status.state
    outcome = _OUTCOMES[state]
    return SendResult(
        record.message_id,
        outcome,
        state,
        retry_after=retry_after,
        resolution=None if retry_after else record.resolution,
        failure=record.failure or _unstated(outcome),
        refused_attachment_count=record.refused_media,
        segments=segments,
    )


def result_for(message_id: str, status: Status) -> SendResult:
    """The result when nothing but the status is known."""
    outcome = _OUTCOMES[status.state]
    failure = status.failure or _unstated(outcome)
    return SendResult(message_id, outcome, status.state, failure=failure)


def _unstated(outcome: SendOutcome) -> Failure | None:
    return _UNSTATED if outcome is SendOutcome.REJECTED else None


def refused(message_id: str, error: MessagingError) -> SendResult:
    """The result for a message that is never given to the carrier."""
    return SendResult(message_id, SendOutcome.REJECTED, MessageState.FAILED, error)


def not_sent(message_id: str, error: MessagingError) -> SendResult:
    """The result for a message that may be tried again after the error's `retry_after`."""
    return SendResult(message_id, SendOutcome.NOT_SENT, MessageState.ACCEPTED, error)
