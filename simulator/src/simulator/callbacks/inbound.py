"""Inbound messages as callbacks, in the shapes that Flowroute accounts really get."""

import json
from enum import StrEnum

from simulator.phone_numbers import number_type, to_digits
from simulator.pricing import dollars, message_encoding, price
from simulator.records import Media, MessageRecord
from simulator.timestamps import with_hundredths, with_microseconds


class CallbackShape(StrEnum):
    """How an account's inbound callbacks look.

    FLAT_MDR1 is v2.0's; FLAT_MDR2 is not documented but seen in logs of v2.1 accounts; JSONAPI is
    that of v2.1 and v2.2. An MMS always comes as JSON:API: v2.0 carried none.
    """

    FLAT_MDR1 = "flat-mdr1"
    FLAT_MDR2 = "flat-mdr2"
    JSONAPI = "jsonapi"


def id_prefix(shape: CallbackShape, *, is_mms: bool) -> str:
    """How the id of an inbound message begins."""
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
        # A picture without words has null, not an empty text: seen in logged payloads.
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
    """Which media belong to a message, by their ids."""
    data = [{"id": _media_id(record, index), "type": "media"} for index in range(len(record.media))]
    return {"media": {"data": data}}


def media_resources(record: MessageRecord) -> list[dict[str, object]]:
    """What is known of each of a message's media."""
    return [_media(_media_id(record, index), one) for index, one in enumerate(record.media)]


def _media_id(record: MessageRecord, index: int) -> str:
    return f"{record.id.partition('-')[2]}-{index}"


def _media(identifier: str, media: Media) -> dict[str, object]:
    return {
        "id": identifier,
        "type": "media",
        "attributes": {
            "file_name": media.file_name,
            "file_size": media.file_size,
            "mime_type": media.mime_type,
            "url": media.url,
        },
        "links": {"self": f"https://api.flowroute.com/v2.2/media/{identifier}"},
    }
