"""Maps messages, results and receipts to and from protobuf."""

from collections.abc import Sized
from datetime import datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import status_pb2

from maskline.messaging.v1 import messaging_pb2 as pb
from messaging_service.model.errors import InvalidArgument, MessagingError
from messaging_service.model.failure import Failure
from messaging_service.model.message import (
    Attachment,
    AttachmentPolicy,
    CampaignBudget,
    MessageRecord,
    MessageState,
    OutboundMessage,
    SendResolution,
    UncertainSendPolicy,
    id_violations,
)
from messaging_service.model.receipt import Receipt
from messaging_service.model.send_result import SendOutcome, SendResult
from messaging_service.rpc.status import DOMAIN, rpc_status
from runtime.grpc.status import FieldViolation, item_status

# The contract's limit.
BATCH_LIMIT = 256

_STATES = {state: pb.MessageState.Value(f"MESSAGE_STATE_{state.name}") for state in MessageState}

_OUTCOMES = {
    outcome: pb.SendOutcome.Value(f"SEND_OUTCOME_{outcome.name}") for outcome in SendOutcome
}

_RESOLUTIONS: dict[SendResolution | None, pb.SendResolution.ValueType] = {
    None: pb.SEND_RESOLUTION_UNSPECIFIED
} | {
    resolution: pb.SendResolution.Value(f"SEND_RESOLUTION_{resolution.name}")
    for resolution in SendResolution
}

_UNCERTAIN_SEND_POLICIES = {
    pb.UncertainSendPolicy.Value(f"UNCERTAIN_SEND_POLICY_{policy.name}"): policy
    for policy in UncertainSendPolicy
}

_ATTACHMENT_POLICIES = {
    pb.AttachmentPolicy.Value(f"ATTACHMENT_POLICY_{policy.name}"): policy
    for policy in AttachmentPolicy
}


def check_batch(field: str, items: Sized) -> None:
    """Raises InvalidArgument for a batch that is empty or too large."""
    if not 1 <= len(items) <= BATCH_LIMIT:
        violation = FieldViolation(field, f"give between 1 and {BATCH_LIMIT} items")
        raise InvalidArgument([violation])


def check_id(field: str, value: str) -> None:
    """Raises InvalidArgument for a malformed id."""
    violations = list(id_violations(field, value))
    if violations:
        raise InvalidArgument(violations)


def message_from_proto(message: pb.OutboundMessage) -> OutboundMessage:
    """The message to send, not validated yet."""
    return OutboundMessage(
        message_id=message.message_id,
        pool=message.pool_id,
        carrier_account_id=message.carrier_account_id,
        from_number=message.from_number,
        to_number=message.to_number,
        body=message.body,
        attachments=tuple(map(_attachment, message.attachments)),
        attachment_policy=_ATTACHMENT_POLICIES.get(
            message.attachment_policy, AttachmentPolicy.PICTURES
        ),
        uncertain_send_policy=_UNCERTAIN_SEND_POLICIES.get(
            message.uncertain_send_policy, UncertainSendPolicy.PREFER_LOSS
        ),
        campaign_budget=_budget(message.campaign_budget),
    )


def receipt_from_proto(receipt: pb.DeliveryReceipt) -> Receipt:
    """The receipt, not validated yet."""
    return Receipt(
        carrier_message_id=receipt.carrier_message_id,
        send_token=receipt.send_token,
        carrier_status=receipt.carrier_status,
        carrier_code=receipt.carrier_code,
        carrier_account_id=receipt.carrier_account_id,
    )


def record_to_proto(record: MessageRecord) -> pb.Message:
    """The record of a message."""
    return pb.Message(
        message_id=record.message_id,
        pool_id=record.pool,
        state=_STATES[record.status.state],
        carrier_message_id=record.carrier_message_id,
        create_time=_timestamp(record.accept_time),
        update_time=_timestamp(record.update_time),
        failure=_failure(record.failure),
    )


def result_to_proto(result: SendResult) -> pb.SendMessageResult:
    """The result for one message of a batch."""
    error, retry_after = result.error, result.retry_after
    return pb.SendMessageResult(
        message_id=result.message_id,
        outcome=_OUTCOMES[result.outcome],
        state=_STATES[result.state],
        error=_item_error(error) if error else None,
        retry_delay=_duration(retry_after) if retry_after else None,
        resolution=_RESOLUTIONS[result.resolution],
        failure=_failure(result.failure),
        refused_attachment_count=result.refused_attachment_count,
        segment_count=result.segments,
    )


def recorded_to_proto(
    recorded: MessageRecord | MessagingError | None,
) -> pb.RecordDeliveryReceiptResult:
    """The result for one receipt."""
    if isinstance(recorded, MessagingError):
        return pb.RecordDeliveryReceiptResult(error=_item_error(recorded))
    return pb.RecordDeliveryReceiptResult(message=record_to_proto(recorded) if recorded else None)


def _attachment(attachment: pb.Attachment) -> Attachment:
    return Attachment(attachment.url, attachment.content_type, attachment.size_bytes)


def _budget(budget: pb.CampaignBudget) -> CampaignBudget:
    """A negative limit means no limit."""
    return CampaignBudget(max(budget.segments_per_minute, 0), max(budget.segments_per_day, 0))


def _failure(failure: Failure | None) -> pb.Failure | None:
    if failure is None:
        return None
    reason = pb.FailureReason.Value(f"FAILURE_REASON_{failure.reason.name}")
    return pb.Failure(reason=reason, carrier_code=failure.carrier_code)


def _item_error(error: MessagingError) -> status_pb2.Status:
    return item_status(rpc_status(error), domain=DOMAIN)


def _timestamp(time: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp


def _duration(span: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(span)
    return duration
