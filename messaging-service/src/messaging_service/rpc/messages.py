"""Between the contract's messages and the domain."""

from collections.abc import Sized
from datetime import datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.error_reason_pb2 import ErrorReason
from messaging_service.model.errors import InvalidArgument, MessagingError
from messaging_service.model.message import (
    Attachment,
    AttachmentPolicy,
    CampaignBudget,
    MessageRecord,
    MessageState,
    OutboundMessage,
    SendOutcome,
    SendResult,
    UnknownPolicy,
    UnknownResolution,
    id_violations,
)
from messaging_service.model.receipt import Receipt
from runtime.grpc.status import FieldViolation

# The contract's limit of a batch.
BATCH_LIMIT = 256

_STATES = {state: pb.MessageState.Value(f"MESSAGE_STATE_{state.name}") for state in MessageState}

_OUTCOMES = {
    outcome: pb.SendOutcome.Value(f"SEND_OUTCOME_{outcome.name}") for outcome in SendOutcome
}

_RESOLUTIONS: dict[UnknownResolution | None, pb.UnknownResolution.ValueType] = {
    None: pb.UNKNOWN_RESOLUTION_UNSPECIFIED
} | {
    resolution: pb.UnknownResolution.Value(f"UNKNOWN_RESOLUTION_{resolution.name}")
    for resolution in UnknownResolution
}

_UNKNOWN_POLICIES = {
    pb.UnknownPolicy.Value(f"UNKNOWN_POLICY_{policy.name}"): policy for policy in UnknownPolicy
}

_ATTACHMENT_POLICIES = {
    pb.AttachmentPolicy.Value(f"ATTACHMENT_POLICY_{policy.name}"): policy
    for policy in AttachmentPolicy
}


def check_batch(field: str, items: Sized) -> None:
    """Refuses an empty batch, and one that is too large."""
    if not 1 <= len(items) <= BATCH_LIMIT:
        violation = FieldViolation(field, f"give between 1 and {BATCH_LIMIT} items")
        raise InvalidArgument([violation])


def check_id(field: str, value: str) -> None:
    """Refuses an id that none can be."""
    violations = list(id_violations(field, value))
    if violations:
        raise InvalidArgument(violations)


def to_text(message: pb.OutboundMessage) -> OutboundMessage:
    """The text to send, its form not yet checked."""
    return OutboundMessage(
        message_id=message.message_id,
        pool=message.pool,
        from_number=message.from_number,
        to_number=message.to_number,
        body=message.body,
        attachments=tuple(map(_to_attachment, message.attachments)),
        attachment_policy=_ATTACHMENT_POLICIES.get(
            message.attachment_policy, AttachmentPolicy.PICTURES
        ),
        unknown_policy=_UNKNOWN_POLICIES.get(message.unknown_policy, UnknownPolicy.PREFER_LOSS),
        campaign_budget=_to_budget(message.campaign_budget),
    )


def to_receipt(receipt: pb.DeliveryReceipt) -> Receipt:
    """The receipt as the domain reads it."""
    return Receipt(
        carrier_message_id=receipt.carrier_message_id,
        send_token=receipt.send_token,
        status_code=receipt.status_code if receipt.HasField("status_code") else None,
        status=receipt.status,
    )


def from_message(message: MessageRecord) -> pb.Message:
    """What is known of a text."""
    return pb.Message(
        message_id=message.message_id,
        pool=message.pool,
        state=_STATES[message.standing.state],
        carrier_message_id=message.carrier_message_id,
        accept_time=_timestamp(message.accept_time),
        update_time=_timestamp(message.update_time),
        carrier_status_code=message.carrier_status_code,
    )


def from_result(result: SendResult) -> pb.SendMessageResult:
    """The answer about one text of a batch."""
    error = result.error
    retry_after = error.retry_after if error else result.retry_after
    return pb.SendMessageResult(
        message_id=result.message_id,
        outcome=_OUTCOMES[result.outcome],
        state=_STATES[result.state],
        error=_item_error(error) if error else None,
        retry_delay=_duration(retry_after) if retry_after else None,
        resolution=_RESOLUTIONS[result.resolution],
        carrier_status_code=result.carrier_status_code,
        refused_attachments=result.refused_attachments,
        segments=result.segments,
    )


def from_recorded(
    recorded: MessageRecord | MessagingError | None,
) -> pb.RecordDeliveryReceiptResult:
    """What became of one receipt."""
    if isinstance(recorded, MessagingError):
        return pb.RecordDeliveryReceiptResult(error=_item_error(recorded))
    return pb.RecordDeliveryReceiptResult(message=from_message(recorded) if recorded else None)


def _to_attachment(attachment: pb.Attachment) -> Attachment:
    return Attachment(attachment.url, attachment.content_type, attachment.size_bytes)


def _to_budget(budget: pb.CampaignBudget) -> CampaignBudget:
    """What is negative limits nothing."""
    return CampaignBudget(
        max(budget.segments_per_minute, 0),
        max(budget.segments_per_day, 0),
    )


def _item_error(error: MessagingError) -> pb.ItemError:
    reason = ErrorReason.Value(f"ERROR_REASON_{error.reason}")
    return pb.ItemError(reason=reason, message=error.message)


def _timestamp(moment: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp


def _duration(span: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(span)
    return duration
