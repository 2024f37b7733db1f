"""Messages to send and their results: conversion to and from the messaging service's contract."""

from dataclasses import dataclass
from datetime import timedelta

from conversation_service.domain.model.events import Failure, FailureReason, SendResolution
from conversation_service.domain.model.messages import Attachment, MessageState, OutboundMessage
from conversation_service.domain.model.pool import CampaignBudget, PoolSettings
from conversation_service.messaging.failures import failure_of
from maskline.messaging.v1 import messaging_pb2 as pb
from runtime.grpc.status import details_of

# For a message that was not sent and has no retry delay.
DEFAULT_RETRY = timedelta(seconds=1)

STATES = {
    pb.MESSAGE_STATE_ACCEPTED: MessageState.ACCEPTED,
    pb.MESSAGE_STATE_UNCERTAIN: MessageState.UNCERTAIN,
    pb.MESSAGE_STATE_SENT: MessageState.SENT,
    pb.MESSAGE_STATE_FAILED: MessageState.FAILED,
    pb.MESSAGE_STATE_UNDELIVERED: MessageState.UNDELIVERED,
    pb.MESSAGE_STATE_EXPIRED: MessageState.EXPIRED,
    pb.MESSAGE_STATE_DELIVERED: MessageState.DELIVERED,
}

# One of so many segments of a budget is for opt-outs, help and endings. They are one segment each,
# and few texts of a campaign that people use as they should: a tenth is many times their share.
RESERVE = 10

_OUTCOME_STATES = {
    pb.SEND_OUTCOME_SENT: MessageState.SENT,
    pb.SEND_OUTCOME_REJECTED: MessageState.FAILED,
}

# The account or the campaign is full or stopped: other messages would not be sent either.
_THROTTLED = {
    "SEND_PACED",
    "CARRIER_RATE_LIMITED",
    "CARRIER_CREDENTIALS_REJECTED",
}

# The message itself did not cause these.
_NOT_COUNTED = {
    *_THROTTLED,
    "SEND_IN_PROGRESS",
    "BACKEND_UNAVAILABLE",
}

_INVALID = {"INVALID_ARGUMENT", "MESSAGE_ID_REUSED", "CARRIER_ACCOUNT_NOT_FOUND"}


@dataclass(frozen=True, slots=True)
class Sent:
    """The outcome is final: known, or known to be unknowable.

    `failure` says why it failed, `resolution` how an uncertain send was resolved; None without.
    """

    state: MessageState
    resolution: SendResolution | None = None
    refused_attachments: int = 0
    failure: Failure | None = None

    @property
    def is_opted_out(self) -> bool:
        """Whether the recipient has opted out at the carrier or here."""
        return self.failure is not None and self.failure.reason is FailureReason.OPTED_OUT


@dataclass(frozen=True, slots=True)
class Retry:
    """The carrier certainly does not have the message: it may be sent again after a while.

    `is_throttled` if no other message of the account would be sent either. `counts_as_attempt` if
    the message itself may be the cause.
    """

    retry_after: timedelta
    is_throttled: bool = False
    counts_as_attempt: bool = False


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The carrier may have the message. The send is being resolved: ask again after a while."""

    retry_after: timedelta


@dataclass(frozen=True, slots=True)
class Rejected:
    """The messaging service does not accept the form of the message."""


SendResult = Sent | Retry | Uncertain | Rejected


def to_proto(message: OutboundMessage, pool: str, settings: PoolSettings) -> pb.OutboundMessage:
    """The message as the contract has it, with the pool's settings for it."""
    return pb.OutboundMessage(
        message_id=message.message_id,
        pool_id=pool,
        from_number=message.from_number,
        to_number=message.to.phone_number,
        body=message.body,
        attachments=map(_attachment, message.attachments),
        attachment_policy=pb.AttachmentPolicy.Value(
            f"ATTACHMENT_POLICY_{settings.relay.attachment_policy}"
        ),
        uncertain_send_policy=pb.UncertainSendPolicy.Value(
            f"UNCERTAIN_SEND_POLICY_{settings.sending.uncertain_send_policy}"
        ),
        campaign_budget=_budget(
            settings.sending.campaign_budget, uses_reserve=message.uses_reserve
        ),
    )


def from_proto(result: pb.SendMessageResult) -> SendResult:
    """The result of one message."""
    delay, error = result.retry_delay.ToTimedelta(), details_of(result.error)
    reason = error.reason
    if result.outcome == pb.SEND_OUTCOME_NOT_SENT:
        wait = error.retry_after or DEFAULT_RETRY
        return Retry(wait, reason in _THROTTLED, reason not in _NOT_COUNTED)
    if reason in _INVALID:
        return Rejected()
    # An outcome that was added later is treated as unknown, as the contract asks.
    is_known = result.outcome in _OUTCOME_STATES
    return Uncertain(delay) if not is_known and delay > timedelta(0) else _sent(result)


def _sent(result: pb.SendMessageResult) -> Sent:
    default = _OUTCOME_STATES.get(result.outcome, MessageState.UNCERTAIN)
    state = STATES.get(result.state, default)
    return Sent(
        state,
        _RESOLUTIONS.get(result.resolution),
        result.refused_attachment_count,
        failure_of(state, result.failure),
    )


_RESOLUTIONS = {
    pb.SendResolution.Value(f"SEND_RESOLUTION_{resolution}"): resolution
    for resolution in SendResolution
}


def _attachment(file: Attachment) -> pb.Attachment:
    return pb.Attachment(url=file.url, content_type=file.content_type, size_bytes=file.size_bytes)


def _budget(budget: CampaignBudget, *, uses_reserve: bool) -> pb.CampaignBudget | None:
    limits = (budget.segments_per_minute, budget.segments_per_day)
    minute, day = limits if uses_reserve else map(_without_reserve, limits)
    if not minute and not day:
        return None
    return pb.CampaignBudget(segments_per_minute=minute, segments_per_day=day)


def _without_reserve(limit: int) -> int:
    """A limit of 1 has no reserve: nothing could be relayed."""
    return max(limit - -(-limit // RESERVE), min(limit, 1))
