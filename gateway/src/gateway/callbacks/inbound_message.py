"""Parses inbound messages, in all four shapes that the carrier posts.

Fields without an effect are not read: logged payloads have `is_mms` as a bool or a string, amounts
as strings or numbers, and several spellings of `message_type`. A message is an MMS if it has files.
"""

from collections.abc import Mapping
from typing import TypeGuard

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
from maskline.ingest.v1 import ingest_pb2
from runtime.phone_numbers import e164_of

# The limits of InboundMessage in the contract.
MAX_BODY_CHARACTERS = 10_000

MAX_ATTACHMENTS = 16

# Added by phones to arrange the parts of a message; they are no files of the sender's.
_LAYOUTS = ("application/smil", "application/smil+xml")

_PLAIN = "text/plain"

# Replaces the body of a message beyond the limit. NUL is not allowed in a body, so the sender gets
# a notice that the message was not passed on; a refused callback would be lost silently.
TOO_MUCH = "\0"

_WITHOUT_SEPARATORS = str.maketrans("", "", " .-()")


def parse_message(body: bytes) -> ingest_pb2.InboundMessage | ingest_pb2.DeliveryReceipt:
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


def _to_message(envelope: CallbackEnvelope) -> ingest_pb2.InboundMessage:
    attributes = envelope.attributes
    _refuse_outbound(attributes.get("direction"))
    body, attachments = _body(attributes.get("body")), _attachments(envelope)
    if len(body) > MAX_BODY_CHARACTERS:
        body, attachments = TOO_MUCH, []
    return ingest_pb2.InboundMessage(
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


def _attachments(envelope: CallbackEnvelope) -> list[ingest_pb2.Attachment]:
    """The described files, and one without an address for each that is only announced.

    Layouts are left out. Beyond the limit, words come before files; the messaging service passes
    fewer files on than that, and their sender is told.
    """
    included = envelope.included if isinstance(envelope.included, list) else []
    media = [entry for entry in included if _is_media(entry)]
    described = {str(entry.get("id")) for entry in media}
    entries = [entry for entry in media if not _is_empty_text(entry)]
    missing = [
        media_id for media_id in _announced(envelope.relationships) if media_id not in described
    ]
    files = [*map(_attachment, entries), *(ingest_pb2.Attachment() for _ in missing)]
    files = [file for file in files if _media_type(file) not in _LAYOUTS]
    if len(files) > MAX_ATTACHMENTS:
        files.sort(key=lambda file: _media_type(file) != _PLAIN)
    return files[:MAX_ATTACHMENTS]


def _announced(relationships: object) -> list[str]:
    """The ids of a message's files."""
    media = relationships.get("media") if isinstance(relationships, dict) else None
    listed = media.get("data") if isinstance(media, dict) else None
    entries = listed if isinstance(listed, list) else []
    return [str(entry.get("id")) for entry in entries if isinstance(entry, dict)]


def _is_media(entry: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(entry, dict) and entry.get("type") == "media"


def _is_empty_text(entry: Mapping[str, object]) -> bool:
    """Whether it is the text part of a picture without words: one of no size may hold some."""
    attributes = _media_attributes(entry)
    is_text = to_text(attributes.get("mime_type")).lower().startswith(_PLAIN)
    return is_text and to_count(attributes.get("file_size"), INT64_LIMIT) == 0


def _media_attributes(entry: Mapping[str, object]) -> Mapping[str, object]:
    attributes = entry.get("attributes")
    return attributes if isinstance(attributes, dict) else {}


def _attachment(entry: Mapping[str, object]) -> ingest_pb2.Attachment:
    """The file of one entry of `included`; without a URL it cannot be passed on."""
    attributes = _media_attributes(entry)
    return ingest_pb2.Attachment(
        url=to_text(attributes.get("url")),
        content_type=to_text(attributes.get("mime_type")),
        size_bytes=to_count(attributes.get("file_size"), INT64_LIMIT) or 0,
    )


def _media_type(file: ingest_pb2.Attachment) -> str:
    return file.content_type.partition(";")[0].strip().lower()
