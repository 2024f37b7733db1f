"""Responses as JSON:API documents."""

from collections.abc import Sequence

from simulator.callbacks.inbound import media_relationship, media_resources
from simulator.phone_numbers import number_type, to_digits
from simulator.pricing import dollars, message_encoding, price
from simulator.records import Direction, MessageRecord, Receipt
from simulator.timestamps import with_hundredths


def accepted_document(record: MessageRecord, link: str, *, priced: bool) -> dict[str, object]:
    """The response to a send. v2.2 adds the price, in dollars as strings (seen in a client)."""
    data: dict[str, object] = {"id": record.id, "type": "message", "links": {"self": link}}
    if priced:
        data["attributes"] = {"price_details": _price_details(record)}
    return {"data": data}


def _price_details(record: MessageRecord) -> dict[str, object]:
    cost = price(record.body, is_mms=record.is_mms)
    return {
        "base_rate": dollars(cost.base_nanodollars),
        "charged_cost": dollars(cost.nanodollars),
        "segment_count": cost.segments,
        "surcharge_rate": dollars(0),
    }


def message_document(record: MessageRecord) -> dict[str, object]:
    """One message record, with its media if inbound."""
    return {"data": _message_resource(record), **_included([record])}


def messages_document(records: Sequence[MessageRecord]) -> dict[str, object]:
    """Message records in this order, with the media of inbound ones."""
    return {"data": [_message_resource(record) for record in records], **_included(records)}


def _included(records: Sequence[MessageRecord]) -> dict[str, object]:
    """An assumption from JSON:API: logged responses show `relationships` only."""
    inbound = [record for record in records if record.direction is Direction.INBOUND]
    included = [media for record in inbound for media in media_resources(record)]
    return {"included": included} if included else {}


def _message_resource(record: MessageRecord) -> dict[str, object]:
    resource: dict[str, object] = {
        "attributes": _message_attributes(record),
        "type": "message",
        "id": record.id,
    }
    if record.media:
        resource["relationships"] = media_relationship(record)
    return resource


def _message_attributes(record: MessageRecord) -> dict[str, object]:
    cost = price(record.body, is_mms=record.is_mms).nanodollars
    # An MMS record lists no receipts, only a status (seen in logged responses).
    receipts = () if record.is_mms else tuple(reversed(record.receipts))
    return {
        "body": record.body,
        "status": _status(record),
        "direction": record.direction,
        "amount_nanodollars": cost,
        "to": to_digits(record.to_number),
        "from": to_digits(record.from_number),
        "message_encoding": message_encoding(record.body),
        "timestamp": with_hundredths(record.time),
        "delivery_receipts": [_receipt(receipt) for receipt in receipts],
        "amount_display": f"${dollars(cost)}",
        "is_mms": record.is_mms,
        "message_type": number_type(record.our_number),
    }


def _status(record: MessageRecord) -> str:
    """Inbound: "delivered", or "" for an MMS. Outbound: the newest receipt's status."""
    if record.direction is Direction.INBOUND:
        return "" if record.is_mms else "delivered"
    return record.receipts[0 if record.is_mms else -1].status


def _receipt(receipt: Receipt) -> dict[str, object]:
    return {
        "status": receipt.status,
        "status_code": receipt.status_code,
        "status_code_description": receipt.description,
        "timestamp": with_hundredths(receipt.time),
        "level": receipt.level,
    }


def number_resource(number: str, link: str) -> dict[str, object]:
    """One of the account's numbers."""
    digits = to_digits(number)
    return {
        "type": "number",
        "id": digits,
        "attributes": {
            "value": digits,
            "alias": None,
            "number_type": number_type(number),
            "rate_center": None,
            "state": None,
            "cnam_lookups_enabled": False,
            "messaging_enabled": True,
            "status": "active",
            "iso_country": "US",
        },
        "links": {"self": link},
    }
