"""Parses inbound messages, in all four shapes that the carrier posts.

Fields without an effect are not read: logged payloads have `is_mms` as a bool or a string, amounts
as strings or numbers, and several spellings of `message_type`. A message is an MMS if it has files.
"""

from collections.abc import Mapping

from gateway.callbacks.delivery_receipt import is_receipt, to_receipt
from gateway.callbacks.envelope import (
    INT64_LIMIT,
    CallbackEnvelope,
    read_envelope,
    to_count,
    to_id,
    to_text,
    to_timestamp,
)
from gateway.problems import MalformedCallback
from maskline.conversation.v1 import conversation_pb2 as pb
from runtime.phone_numbers import e164_of

# The limits of InboundMessage in the contract.
MAX_BODY_CHARACTERS = 10_000

MAX_ATTACHMENTS = 16

# Replaces the body of a message beyond the limits. NUL is not allowed in a body, so the sender gets
# a notice that the message was not passed on; a refused callback would be lost silently.
TOO_MUCH = "\0"

_WITHOUT_SEPARATORS = str.maketrans("", "", " .-()")


def parse_message(body: bytes) -> pb.InboundMessage | pb.DeliveryReceipt:
    """Parses a body posted to the address of messages. Raises MalformedCallback."""
    envelope = read_envelope(body)
    return to_receipt(envelope) if is_receipt(envelope) else _to_message(envelope)


def to_e164(value: object, field: str, *, is_own: bool = False) -> str:
    """The number in E.164. Raises MalformedCallback, naming `field`.

    Without a "+", ten North American digits are only certain for a number of our own.
    """
    written = _number_text(value).strip().translate(_WITHOUT_SEPARATORS)
    number = e164_of(written, is_own=is_own)
    if not number:
        raise MalformedCallback(
            f"{field} is not a phone number. Send it in E.164, digits with a +."
        )
    return number


def _number_text(value: object) -> str:
    """A string or a positive whole number as a string; empty for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    return ""


def _to_message(envelope: CallbackEnvelope) -> pb.InboundMessage:
    attributes = envelope.attributes
    _refuse_outbound(attributes.get("direction"))
    body, attachments = _body(attributes.get("body")), _attachments(envelope.included)
    if len(body) > MAX_BODY_CHARACTERS or len(attachments) > MAX_ATTACHMENTS:
        body, attachments = TOO_MUCH, []
    return pb.InboundMessage(
        carrier_message_id=to_id(envelope.carrier_message_id),
        from_number=to_e164(attributes.get("from"), "from"),
        to_number=to_e164(attributes.get("to"), "to", is_own=True),
        body=body,
        attachments=attachments,
        carrier_time=to_timestamp(attributes.get("timestamp")),
    )


def _refuse_outbound(direction: object) -> None:
    if isinstance(direction, str) and direction.lower() == "outbound":
        raise MalformedCallback("This message is outbound. Send only inbound messages here.")


def _body(value: object) -> str:
    """The body; a picture without text has null or no body (logged)."""
    if value is not None and not isinstance(value, str):
        raise MalformedCallback("body is not a string. Send a string, null, or leave it out.")
    return to_text(value)


def _attachments(included: object) -> list[pb.MediaAttachment]:
    entries = included if isinstance(included, list) else []
    return [attachment for entry in entries if (attachment := _attachment(entry))]


def _attachment(entry: object) -> pb.MediaAttachment | None:
    """The file of one entry of `included`; None if the entry has no URL."""
    attributes = _media_attributes(entry)
    url = to_text(attributes.get("url"))
    if not url:
        return None
    return pb.MediaAttachment(
        url=url,
        content_type=to_text(attributes.get("mime_type")),
        size_bytes=to_count(attributes.get("file_size"), INT64_LIMIT) or 0,
    )


def _media_attributes(entry: object) -> Mapping[str, object]:
    if not isinstance(entry, dict) or entry.get("type") != "media":
        return {}
    attributes = entry.get("attributes")
    return attributes if isinstance(attributes, dict) else {}
