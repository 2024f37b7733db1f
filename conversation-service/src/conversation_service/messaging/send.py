"""Texts for the messaging service and what it answers about them, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from conversation_service.domain.model.messages import Attachment, MessageState
from conversation_service.domain.model.pool import AttachmentPolicy, PoolSettings, UnknownPolicy
from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.error_reason_pb2 import ErrorReason

# Flowroute's table of receipt codes: "user opted out (STOP)".
OPTED_OUT_CODE = 1110

# For a text that was not sent and no word on when to come again.
DEFAULT_RETRY = timedelta(seconds=1)

STATES = {
    pb.MESSAGE_STATE_ACCEPTED: MessageState.ACCEPTED,
    pb.MESSAGE_STATE_UNKNOWN: MessageState.UNKNOWN,
    pb.MESSAGE_STATE_SENT: MessageState.SENT,
    pb.MESSAGE_STATE_REFUSED: MessageState.REFUSED,
    pb.MESSAGE_STATE_UNDELIVERED: MessageState.UNDELIVERED,
    pb.MESSAGE_STATE_EXPIRED: MessageState.EXPIRED,
    pb.MESSAGE_STATE_DELIVERED: MessageState.DELIVERED,
}

_OUTCOME_STATES = {
    pb.SEND_OUTCOME_ACCEPTED: MessageState.SENT,
    pb.SEND_OUTCOME_REFUSED: MessageState.REFUSED,
}

# The account or the campaign is full, or stopped: nothing else would be sent either.
_PACED = {
    ErrorReason.ERROR_REASON_SEND_PACED,
    ErrorReason.ERROR_REASON_CARRIER_RATE_LIMITED,
    ErrorReason.ERROR_REASON_CARRIER_ACCOUNT_REFUSED,
}

# These say nothing about the text itself either.
_NOT_THE_TEXTS_FAULT = {
    *_PACED,
    ErrorReason.ERROR_REASON_SEND_IN_PROGRESS,
    ErrorReason.ERROR_REASON_BACKEND_UNAVAILABLE,
}

_INVALID = {
    ErrorReason.ERROR_REASON_INVALID_ARGUMENT,
    ErrorReason.ERROR_REASON_MESSAGE_ID_REUSED,
}


@dataclass(frozen=True, slots=True)
class TextToSend:
    """A text that is owed to somebody, and how its pool wants it sent."""

    message_id: str
    pool: str
    from_number: str
    to_number: str = field(repr=False)
    body: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()
    settings: PoolSettings = field(default=PoolSettings(operator=""), repr=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """The carrier's word on a text is known, or known to be unknowable.

    `reason` is the published one of a refusal. `resolution` is how it was found out what became of
    a send whose answer was lost; both are empty where there is none.
    """

    state: MessageState
    is_opted_out: bool = False
    reason: str = ""
    resolution: str = ""
    refused_attachments: int = 0


@dataclass(frozen=True, slots=True)
class Retry:
    """The carrier surely does not have the text; it may be sent again after a while.

    `is_paced` when nothing else of the account would be sent either. `is_counted` when it may be
    the text's own fault.
    """

    retry_after: timedelta
    is_paced: bool = False
    is_counted: bool = False


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The carrier may have the text; what became of it is being looked into: ask again."""

    retry_after: timedelta


@dataclass(frozen=True, slots=True)
class Rejected:
    """The messaging service does not take the text in the form it has."""


SendResult = Sent | Retry | Uncertain | Rejected


def to_message(text: TextToSend) -> pb.OutboundMessage:
    """The text on the wire."""
    return pb.OutboundMessage(
        message_id=text.message_id,
        pool=text.pool,
        from_number=text.from_number,
        to_number=text.to_number,
        body=text.body,
        attachments=map(_file, text.attachments),
        attachment_policy=_attachment_policy(text.settings.attachment_policy),
        unknown_policy=_unknown_policy(text.settings.unknown_policy),
        campaign_budget=_budget(text.settings),
    )


def result_of(result: pb.SendMessageResult) -> SendResult:
    """What became of one text."""
    delay = result.retry_delay.ToTimedelta()
    reason = result.error.reason
    if result.outcome == pb.SEND_OUTCOME_NOT_SENT:
        wait = delay if delay > timedelta(0) else DEFAULT_RETRY
        return Retry(wait, reason in _PACED, reason not in _NOT_THE_TEXTS_FAULT)
    if reason in _INVALID:
        return Rejected()
    # An outcome added later is treated as unknown, as the contract asks.
    is_known = result.outcome in _OUTCOME_STATES
    return Uncertain(delay) if not is_known and delay > timedelta(0) else _answered(result)


def _answered(result: pb.SendMessageResult) -> Sent:
    reason = result.error.reason
    is_opted_out = reason == ErrorReason.ERROR_REASON_RECIPIENT_OPTED_OUT
    fallback = _OUTCOME_STATES.get(result.outcome, MessageState.UNKNOWN)
    return Sent(
        STATES.get(result.state, fallback),
        is_opted_out or result.carrier_status_code == OPTED_OUT_CODE,
        _word("ERROR_REASON_", ErrorReason.items(), reason),
        _word("UNKNOWN_RESOLUTION_", pb.UnknownResolution.items(), result.resolution),
        result.refused_attachments,
    )


def _word(prefix: str, values: Sequence[tuple[str, int]], number: int) -> str:
    """A value of an enum without its prefix; empty if it is unspecified or was added later."""
    names = {value: name.removeprefix(prefix) for name, value in values}
    return names.get(number, "") if number else ""


def _file(one: Attachment) -> pb.Attachment:
    return pb.Attachment(url=one.url, content_type=one.content_type, size_bytes=one.size_bytes)


def _attachment_policy(policy: AttachmentPolicy) -> pb.AttachmentPolicy.ValueType:
    return pb.AttachmentPolicy.Value(f"ATTACHMENT_POLICY_{policy}")


def _unknown_policy(policy: UnknownPolicy) -> pb.UnknownPolicy.ValueType:
    return pb.UnknownPolicy.Value(f"UNKNOWN_POLICY_{policy}")


def _budget(settings: PoolSettings) -> pb.CampaignBudget | None:
    minute, day = settings.segments_per_minute, settings.segments_per_day
    if not minute and not day:
        return None
    return pb.CampaignBudget(segments_per_minute=minute, segments_per_day=day)
