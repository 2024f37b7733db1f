"""Parses delivery receipts, in both shapes that the carrier posts."""

import re

from gateway.callbacks.envelope import (
    INT32_LIMIT,
    CallbackEnvelope,
    read_envelope,
    to_count,
    to_id,
    to_text,
)
from gateway.problems import MalformedCallback
from maskline.ingest.v1 import ingest_pb2

# The documented values are much shorter, and the status only explains the code.
MAX_STATUS_CHARACTERS = 128

# The contract's limit; generated tokens have 43 characters.
_SEND_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def parse_receipt(body: bytes, send_token: str = "") -> ingest_pb2.DeliveryReceipt:
    """Parses the body of a receipt; `send_token` is the last part of its address, if it has one.

    Raises MalformedCallback.
    """
    if send_token and not _SEND_TOKEN.fullmatch(send_token):
        raise MalformedCallback("The send token in the address is none that was given out.")
    envelope = read_envelope(body)
    if envelope.type == "message":
        raise MalformedCallback("This is a message, not a receipt. Send messages to /api/message.")
    return to_receipt(envelope, send_token)


def to_receipt(envelope: CallbackEnvelope, send_token: str = "") -> ingest_pb2.DeliveryReceipt:
    """The receipt in an envelope. Raises MalformedCallback.

    Receipts without `data` were logged without code.
    """
    attributes = envelope.attributes
    return ingest_pb2.DeliveryReceipt(
        carrier_message_id=to_id(envelope.carrier_message_id),
        send_token=send_token,
        carrier_status=to_text(attributes.get("status"))[:MAX_STATUS_CHARACTERS],
        carrier_code=_carrier_code(attributes.get("status_code")),
    )


def is_receipt(envelope: CallbackEnvelope) -> bool:
    """An account with a single callback address posts receipts to that of messages (logged)."""
    return envelope.type == "delivery_receipt"


def _carrier_code(value: object) -> str:
    """The code decides on the message's state, so a malformed one is refused, not ignored."""
    if value is None or value == "":
        return ""
    code = to_count(value, INT32_LIMIT)
    if code is None:
        raise MalformedCallback(
            "status_code is not a whole number. Send a number, or leave it out."
        )
    return str(code)
