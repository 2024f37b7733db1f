"""Payloads of inbound messages, in the shapes that Flowroute accounts receive."""

import json
from enum import StrEnum

from simulator.phone_numbers import number_type, to_digits
from simulator.pricing import dollars, message_encoding, price
from simulator.records import Media, MessageRecord
from simulator.timestamps import with_hundredths, with_microseconds


class CallbackShape(StrEnum):
    """The payload shape of an account's inbound callbacks.

    FLAT_MDR1: v2.0. FLAT_MDR2: not documented, seen in logs of v2.1 accounts. JSONAPI: v2.1 and
    v2.2. An MMS is always JSON:API, as v2.0 has no MMS.
    """

    FLAT_MDR1 = "flat-mdr1"
    FLAT_MDR2 = "flat-mdr2"
    JSONAPI = "jsonapi"


def id_prefix(shape: CallbackShape, *, is_mms: bool) -> str:
    """The prefix of an inbound message's id."""
    return "mdr1-" if shape is CallbackShape.FLAT_MDR1 and not is_mms else "mdr2-"


def inbound_callback(record: MessageRecord, shape: CallbackShape, callback_url: str) -> bytes:
    """The body of the callback for one inbound message."""
    if record.is_mms:
        payload = _mms(record)
    elif shape is CallbackShape.JSONAPI:
        payload = _sms(record, callback_url)
    else:
        payload = _flat(record)
    return json.dumps(payload, ensure_ascii=False).encode()


def _flat(record: MessageRecord) -> dict[str, object]:
    return {
        "to": to_digits(record.to_number),
        "from": to_digits(record.from_number),
        "body": record.body,
        "id": record.id,
    }


def _sms(record: MessageRecord, callback_url: str) -> dict[str, object]:
    cost = price(record.body, is_mms=False).nanodollars
    attributes = {
        "amount_display": f"${dollars(cost)}",
        # A string here, a number in MMS callbacks and in message records: seen in logged payloads.
        "amount_nanodollars": str(cost),
        "body": record.body,
        "direction": record.direction,
        "from": to_digits(record.from_number),
        "to": to_digits(record.to_number),
        "is_mms": False,
        "message_callback_url": callback_url,
        "message_encoding": message_encoding(record.body),
        "message_type": number_type(record.to_number),
        "status": "delivered",
        "timestamp": with_microseconds(record.time),
    }
    return {"data": {"attributes": attributes, "type": "message", "id": record.id}}


def _mms(record: MessageRecord) -> dict[str, object]:
    data = {
        "id": record.id,
        "type": "message",
        "attributes": _mms_attributes(record),
        "relationships": media_relationship(record),
    }
    return {"data": data, "included": media_resources(record)}


def _mms_attributes(record: MessageRecord) -> dict[str, object]:
    cost = price(record.body, is_mms=True).nanodollars
    return {
        "amount_display": f"${dollars(cost)}",
        "amount_nanodollars": cost,
        # Null for a picture without text: seen in logged payloads.
        "body": record.body or None,
        "delivery_receipts": [],
        "direction": record.direction,
        "from": to_digits(record.from_number),
        "to": to_digits(record.to_number),
        "is_mms": True,
        "message_encoding": message_encoding(record.body),
        "message_type": number_type(record.to_number),
        "status": "",
        "timestamp": with_hundredths(record.time),
    }


def media_relationship(record: MessageRecord) -> dict[str, object]:
    """A message's media by id."""
    data = [{"id": _media_id(record, index), "type": "media"} for index in range(len(record.media))]
    return {"media": {"data": data}}


def media_resources(record: MessageRecord) -> list[dict[str, object]]:
    """A message's media with their attributes."""
    return [_media(_media_id(record, index), media) for index, media in enumerate(record.media)]


def _media_id(record: MessageRecord, index: int) -> str:
    return f"{record.id.partition('-')[2]}-{index}"


def _media(media_id: str, media: Media) -> dict[str, object]:
    return {
        "id": media_id,
        "type": "media",
        "attributes": {
            "file_name": media.file_name,
            "file_size": media.file_size,
            "mime_type": media.mime_type,
            "url": media.url,
        },
        "links": {"self": f"https://api.flowroute.com/v2.2/media/{media_id}"},
    }
