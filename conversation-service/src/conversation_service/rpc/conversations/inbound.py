"""What the gateway hands in, item by item: one bad item never fails its neighbours."""

from datetime import datetime

from conversation_service.application.executor import ExecutionResult
from conversation_service.domain.errors import ConversationError, InvalidArgument
from conversation_service.domain.model.messages import Attachment, InboundMessage
from conversation_service.messaging.client import CarrierReceipt
from conversation_service.rpc.core.status import item_error
from conversation_service.rpc.core.validation import MAX_ATTACHMENTS, RequestValidator
from conversation_service.store.keyspace.timestamps import from_ms
from maskline.conversation.v1 import conversation_pb2 as pb


def inbound_text(message: pb.InboundMessage) -> InboundMessage | InvalidArgument:
    """A text, or what is wrong with its form."""
    shape = RequestValidator()
    shape.carrier_id("carrier_message_id", message.carrier_message_id)
    shape.phone_number("from_number", message.from_number)
    shape.phone_number("to_number", message.to_number)
    shape.body("body", message.body, may_be_empty=True)
    shape.at_most("attachments", message.attachments, MAX_ATTACHMENTS)
    shape.moment("carrier_time", message.carrier_time.seconds, message.carrier_time.nanos)
    try:
        shape.check()
    except InvalidArgument as refusal:
        return refusal
    return InboundMessage(
        carrier_message_id=message.carrier_message_id,
        from_number=message.from_number,
        to_number=message.to_number,
        body=message.body,
        attachments=tuple(map(_attachment, message.attachments)),
        carrier_time=_carrier_time(message),
    )


def _attachment(file: pb.MediaAttachment) -> Attachment:
    return Attachment(file.url, file.content_type, max(file.size_bytes, 0))


def _carrier_time(message: pb.InboundMessage) -> datetime | None:
    if not message.HasField("carrier_time"):
        return None
    return from_ms(message.carrier_time.ToMilliseconds())


def text_result(result: ExecutionResult) -> pb.ReceiveMessageResult:
    """What became of a text."""
    if isinstance(result, ConversationError):
        return pb.ReceiveMessageResult(outcome=pb.RECEIVE_OUTCOME_REFUSED, error=item_error(result))
    taken = pb.RECEIVE_OUTCOME_REPEATED if result.is_repeat else pb.RECEIVE_OUTCOME_ACCEPTED
    return pb.ReceiveMessageResult(outcome=taken)


def carrier_receipt(message: pb.DeliveryReceipt) -> CarrierReceipt | InvalidArgument:
    """A receipt, or what is wrong with its form."""
    shape = RequestValidator()
    shape.carrier_id("carrier_message_id", message.carrier_message_id)
    shape.optional_send_token("send_token", message.send_token)
    shape.moment("carrier_time", message.carrier_time.seconds, message.carrier_time.nanos)
    try:
        shape.check()
    except InvalidArgument as refusal:
        return refusal
    timed = message.HasField("carrier_time")
    return CarrierReceipt(
        carrier_message_id=message.carrier_message_id,
        send_token=message.send_token,
        status_code=message.status_code if message.HasField("status_code") else None,
        status=message.status,
        level=message.level,
        carrier_time_ms=message.carrier_time.ToMilliseconds() if timed else None,
    )


def receipt_result(result: bool | ConversationError) -> pb.ReceiveDeliveryReceiptResult:
    """What became of a receipt."""
    if isinstance(result, ConversationError):
        return pb.ReceiveDeliveryReceiptResult(
            outcome=pb.RECEIPT_OUTCOME_REFUSED, error=item_error(result)
        )
    known = pb.RECEIPT_OUTCOME_RECORDED if result else pb.RECEIPT_OUTCOME_UNMATCHED
    return pb.ReceiveDeliveryReceiptResult(outcome=known)
