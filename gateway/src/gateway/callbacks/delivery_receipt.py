"""Delivery receipts, in both shapes that the carrier posts them in."""

import re
from dataclasses import dataclass
from datetime import datetime

from gateway.callbacks.envelope import (
    DELIVERY_RECEIPT,
    INT32_LIMIT,
    Callback,
    _to_timestamp,
    read_callback,
    to_count,
    to_id,
    to_text,
    to_time,
)
from gateway.problems import MalformedCallback
from maskline.conversation.v1 import conversation_pb2 as pb

# The documented words are much shorter, and the status is only a hint beside the code.
MAX_STATUS_CHARACTERS = 128

_LEVELS = (1, 2)

# What the contract takes; those that are given out have 43 characters.
_SEND_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class DeliveryReceipt:
    """What the carrier says about one text that was sent. The text itself is not kept.

    Without the `data` wrapping, receipts were logged without code, level and time; these are
    None, 0 and None then.
    """

    carrier_message_id: str
    send_token: str
    status_code: int | None
    status: str
    level: int
    carrier_time: datetime | None


def parse_receipt(body: bytes, send_token: str = "") -> DeliveryReceipt:
    """Reads a receipt that came to the address of `send_token`, or to the common one.

    Raises Unreadable.
    """
    if send_token and not _SEND_TOKEN.fullmatch(send_token):
        raise MalformedCallback("The send token in the address is none that was given out.")
    callback = read_callback(body)
    if callback.type == "message":
        raise MalformedCallback("This is a message, not a receipt. Send messages to /api/message.")
    return to_receipt(callback, send_token)


def to_receipt(callback: Callback, send_token: str = "") -> DeliveryReceipt:
    """Reads a receipt whose wrapping is off. Raises Unreadable."""
    attributes = callback.attributes
    level = to_count(attributes.get("level"), INT32_LIMIT)
    return DeliveryReceipt(
        carrier_message_id=to_id(callback.carrier_message_id),
        send_token=send_token,
        status_code=_status_code(attributes.get("status_code")),
        status=to_text(attributes.get("status"))[:MAX_STATUS_CHARACTERS],
        level=level if level in _LEVELS else 0,
        carrier_time=to_time(attributes.get("timestamp")),
    )


def is_receipt(callback: Callback) -> bool:
    """Whether this is a receipt that was posted to the address of messages.

    An account with a single callback address gets both there (seen in client code).
    """
    return callback.type == DELIVERY_RECEIPT


def _status_code(value: object) -> int | None:
    """The code, which decides what became of the text, so that a broken one is not dropped."""
    if value is None or value == "":
        return None
    code = to_count(value, INT32_LIMIT)
    if code is None:
        raise MalformedCallback(
            "status_code is not a whole number. Send a number, or leave it out."
        )
    return code


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
