"""From the gateway's own values to the messages of the conversation service."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.messages import Attachment, InboundText
from gateway.receipts import DeliveryReceipt
from maskline.conversation.v1 import conversation_pb2 as pb


def to_inbound_message(text: InboundText) -> pb.InboundMessage:
    """The text on the wire."""
    return pb.InboundMessage(
        carrier_message_id=text.carrier_message_id,
        from_number=text.from_number,
        to_number=text.to_number,
        body=text.body,
        attachments=[_to_media_attachment(attachment) for attachment in text.attachments],
        carrier_time=_to_timestamp(text.carrier_time),
    )


def to_delivery_receipt(receipt: DeliveryReceipt) -> pb.DeliveryReceipt:
    """The receipt on the wire."""
    return pb.DeliveryReceipt(
        carrier_message_id=receipt.carrier_message_id,
        send_token=receipt.send_token,
        status_code=receipt.status_code,
        status=receipt.status,
        level=receipt.level,
        carrier_time=_to_timestamp(receipt.carrier_time),
    )


def _to_media_attachment(attachment: Attachment) -> pb.MediaAttachment:
    return pb.MediaAttachment(
        url=attachment.url,
        content_type=attachment.content_type,
        size_bytes=attachment.size_bytes,
    )


def _to_timestamp(time: datetime | None) -> Timestamp | None:
    if time is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp
