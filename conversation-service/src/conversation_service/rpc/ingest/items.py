"""Batch items of the gateway: each has its own result, so an invalid item fails no other."""

from datetime import datetime

from prometheus_client import Counter

from conversation_service.application.executor import ExecutionResult
from conversation_service.domain.errors import (
    ConversationError,
    InvalidArgument,
    RequestIdReused,
)
from conversation_service.domain.model.messages import Attachment, InboundMessage
from conversation_service.messaging.client import CarrierReceipt
from conversation_service.rpc.core.status import item_error
from conversation_service.rpc.core.validation import MAX_ATTACHMENTS, RequestValidator
from conversation_service.store.keyspace.timestamps import from_ms
from maskline.ingest.v1 import ingest_pb2 as pb

REUSED_IDS = Counter(
    "maskline_reused_message_ids",
    "Callbacks whose id came before with another message; they are not relayed.",
)


def inbound_message(message: pb.InboundMessage) -> InboundMessage | InvalidArgument:
    """Returns the refusal of an invalid item instead of raising it."""
    validator = RequestValidator()
    validator.carrier_account("carrier_account_id", message.carrier_account_id)
    validator.carrier_id("carrier_message_id", message.carrier_message_id)
    validator.phone_number("from_number", message.from_number)
    validator.phone_number("to_number", message.to_number)
    validator.length("body", message.body, may_be_empty=True)
    validator.max_items("attachments", message.attachments, MAX_ATTACHMENTS)
    validator.timestamp("carrier_time", message.carrier_time.seconds, message.carrier_time.nanos)
    try:
        validator.check()
    except InvalidArgument as refusal:
        return refusal
    return InboundMessage(
        carrier_account_id=message.carrier_account_id,
        carrier_message_id=message.carrier_message_id,
        from_number=message.from_number,
        to_number=message.to_number,
        body=message.body,
        attachments=tuple(map(_attachment, message.attachments)),
        carrier_time=_carrier_time(message),
    )


def _attachment(file: pb.Attachment) -> Attachment:
    return Attachment(file.url, file.content_type, max(file.size_bytes, 0))


def _carrier_time(message: pb.InboundMessage) -> datetime | None:
    if not message.HasField("carrier_time"):
        return None
    return from_ms(message.carrier_time.ToMilliseconds())


def message_to_result(result: ExecutionResult) -> pb.IngestMessageResult:
    if isinstance(result, ConversationError):
        REUSED_IDS.inc(isinstance(result, RequestIdReused))
        return pb.IngestMessageResult(outcome=pb.INGEST_OUTCOME_REFUSED, error=item_error(result))
    outcome = pb.INGEST_OUTCOME_REPEATED if result.is_duplicate else pb.INGEST_OUTCOME_ACCEPTED
    return pb.IngestMessageResult(outcome=outcome)


def delivery_receipt(message: pb.DeliveryReceipt) -> CarrierReceipt | InvalidArgument:
    """Returns the refusal of an invalid item instead of raising it."""
    validator = RequestValidator()
    validator.carrier_account("carrier_account_id", message.carrier_account_id)
    validator.carrier_id("carrier_message_id", message.carrier_message_id)
    validator.optional_send_token("send_token", message.send_token)
    try:
        validator.check()
    except InvalidArgument as refusal:
        return refusal
    return CarrierReceipt(
        carrier_account_id=message.carrier_account_id,
        carrier_message_id=message.carrier_message_id,
        send_token=message.send_token,
        carrier_status=message.carrier_status,
        carrier_code=message.carrier_code,
    )


def receipt_to_result(result: bool | ConversationError) -> pb.IngestDeliveryReceiptResult:
    """`result` is whether a message matches the receipt, or the refusal."""
    if isinstance(result, ConversationError):
        return pb.IngestDeliveryReceiptResult(
            outcome=pb.RECEIPT_OUTCOME_REFUSED, error=item_error(result)
        )
    outcome = pb.RECEIPT_OUTCOME_RECORDED if result else pb.RECEIPT_OUTCOME_UNMATCHED
    return pb.IngestDeliveryReceiptResult(outcome=outcome)
