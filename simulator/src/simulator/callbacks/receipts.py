"""Delivery receipts of a message, and their callbacks in both observed shapes."""

import json
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from simulator.callbacks.sender import Attempt, Callback, ignore
from simulator.phone_numbers import to_digits
from simulator.records import MessageRecord, Receipt
from simulator.timestamps import with_offset

_Form = Callable[[MessageRecord, Receipt], dict[str, object]]


class ReceiptShape(StrEnum):
    """The payload shape of delivery receipts.

    WRAPPED: documented for v2.1 and v2.2. UNWRAPPED: logged on an account with v2 callbacks; no
    `data` object, with phone numbers, without level and time.
    """

    WRAPPED = "wrapped"
    UNWRAPPED = "unwrapped"


def receipts(time: datetime, *, is_mms: bool, from_handset: bool) -> tuple[Receipt, ...]:
    """The receipts of a delivered message, oldest first.

    Flowroute docs: typically two, the hand-over and the operator's acceptance. Some operators add
    the handset's confirmation.
    """
    submit = "mmsc submit" if is_mms else "smsc submit"
    handed_over = Receipt(1, submit, None, "Message has been sent", time)
    accepted = Receipt(2, "message buffered", 1003, "Message accepted by Carrier", time)
    delivered = Receipt(2, "delivered", 1004, "Message delivered to handset", time)
    return (handed_over, accepted, delivered) if from_handset else (handed_over, accepted)


def receipt_callbacks(
    record: MessageRecord,
    shape: ReceiptShape,
    url: str,
    on_last: Callable[[Attempt], None] = ignore,
) -> Callback:
    """The callbacks of all receipts of a message, chained by `followed_by`."""
    form = _FORMS[shape]
    following: Callback | None = None
    for receipt in reversed(record.receipts):
        content = json.dumps(form(record, receipt), ensure_ascii=False).encode()
        on_attempt = ignore if following else on_last
        following = Callback(url, content, on_attempt, followed_by=following)
    if following is None:
        raise ValueError("a message without receipts has no callbacks")
    return following


def _wrapped(record: MessageRecord, receipt: Receipt) -> dict[str, object]:
    attributes = {
        "body": _body(record),
        "level": receipt.level,
        "status": receipt.status,
        "status_code": receipt.status_code,
        "status_code_description": receipt.description,
        "timestamp": with_offset(receipt.time),
    }
    links = {"related": f"https://api.flowroute.com/v2.2/messages/{record.id}"}
    data = {"attributes": attributes, "id": record.id, "links": links, "type": "delivery_receipt"}
    return {"data": data}


def _unwrapped(record: MessageRecord, receipt: Receipt) -> dict[str, object]:
    attributes: dict[str, object] = {
        "to": to_digits(record.to_number),
        "from": to_digits(record.from_number),
        "body": _body(record),
        "status": receipt.status,
    }
    if receipt.status_code is not None:
        attributes["status_code"] = receipt.status_code
    return {"attributes": attributes, "id": record.id, "type": "delivery_receipt"}


def _body(record: MessageRecord) -> str:
    """The body that was sent; always empty for an MMS (Flowroute docs)."""
    return "" if record.is_mms else record.body


_FORMS: dict[ReceiptShape, _Form] = {
    ReceiptShape.WRAPPED: _wrapped,
    ReceiptShape.UNWRAPPED: _unwrapped,
}
