"""Inbound texts, in all four shapes that the carrier posts them in.

What decides nothing is not looked at: `is_mms` comes as a bool or a string, amounts come as
strings or numbers, `message_type` in several spellings (seen in logged payloads). A text is an
MMS when files came with it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.callbacks.delivery_receipt import (
    DeliveryReceipt,
    is_receipt,
    to_receipt,
)
from gateway.callbacks.envelope import (
    INT64_LIMIT,
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

_SEPARATORS = " .-()"

_WITHOUT_SEPARATORS = str.maketrans("", "", _SEPARATORS)

_E164_DIGITS = re.compile(r"[1-9][0-9]{7,14}")

_NORTH_AMERICAN_DIGITS = 10


def to_e164(value: object, field: str) -> str:
    """The number in E.164 with "+". Raises Unreadable, naming `field`, when it is none.

    Ten digits are a North American number without its country code, unless a "+" says that the
    country code is there.
    """
    written = _written(value).strip()
    digits = written.removeprefix("+").translate(_WITHOUT_SEPARATORS)
    if len(digits) == _NORTH_AMERICAN_DIGITS and not written.startswith("+"):
        digits = f"1{digits}"
    if not _E164_DIGITS.fullmatch(digits):
        raise MalformedCallback(
            f"{field} is not a phone number. Send it in E.164, digits with a +."
        )
    return f"+{digits}"


def _written(value: object) -> str:
    """The number as text; empty for a bool, a fraction, a negative or anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    return ""


# The limits of the conversation service's InboundMessage.
MAX_BODY_CHARACTERS = 10_000

MAX_ATTACHMENTS = 16

# What is handed in for a text beyond them. NUL is what no text may have, so its sender is told that
# nothing was passed on; a callback that is refused would be lost without a word, a cut one mangled.
TOO_MUCH = "\0"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that the carrier holds for a limited time. `size_bytes` is 0 when it was not said."""

    url: str = field(repr=False)
    content_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class InboundText:
    """One text as the carrier handed it in; both numbers in E.164 with "+"."""

    carrier_message_id: str
    from_number: str = field(repr=False)
    to_number: str = field(repr=False)
    body: str = field(repr=False)
    attachments: tuple[Attachment, ...]
    carrier_time: datetime | None


def parse_message(body: bytes) -> InboundText | DeliveryReceipt:
    """Reads what was posted to the address of messages. Raises Unreadable."""
    callback = read_callback(body)
    return to_receipt(callback) if is_receipt(callback) else _to_text(callback)


def _to_text(callback: Callback) -> InboundText:
    attributes = callback.attributes
    _refuse_outbound(attributes.get("direction"))
    body, attachments = _body(attributes.get("body")), _attachments(callback.included)
    if len(body) > MAX_BODY_CHARACTERS or len(attachments) > MAX_ATTACHMENTS:
        body, attachments = TOO_MUCH, ()
    return InboundText(
        carrier_message_id=to_id(callback.carrier_message_id),
        from_number=to_e164(attributes.get("from"), "from"),
        to_number=to_e164(attributes.get("to"), "to"),
        body=body,
        attachments=attachments,
        carrier_time=to_time(attributes.get("timestamp")),
    )


def _refuse_outbound(direction: object) -> None:
    if isinstance(direction, str) and direction.lower() == "outbound":
        raise MalformedCallback("This message is outbound. Send only inbound messages here.")


def _body(value: object) -> str:
    """The text; a picture without words has null or nothing here (seen in logged payloads)."""
    if value is not None and not isinstance(value, str):
        raise MalformedCallback("body is not a string. Send a string, null, or leave it out.")
    return to_text(value)


def _attachments(included: object) -> tuple[Attachment, ...]:
    entries = included if isinstance(included, list) else []
    return tuple(found for entry in entries if (found := _attachment(entry)))


def _attachment(entry: object) -> Attachment | None:
    """The file of one `included` entry, or None when the entry offers none."""
    attributes = _media_attributes(entry)
    url = to_text(attributes.get("url"))
    if not url:
        return None
    return Attachment(
        url=url,
        content_type=to_text(attributes.get("mime_type")),
        size_bytes=to_count(attributes.get("file_size"), INT64_LIMIT) or 0,
    )


def _media_attributes(entry: object) -> Mapping[str, object]:
    if not isinstance(entry, dict) or entry.get("type") != "media":
        return {}
    attributes = entry.get("attributes")
    return attributes if isinstance(attributes, dict) else {}


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


def _to_media_attachment(attachment: Attachment) -> pb.MediaAttachment:
    return pb.MediaAttachment(
        url=attachment.url,
        content_type=attachment.content_type,
        size_bytes=attachment.size_bytes,
    )
