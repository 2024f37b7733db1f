"""Delivery receipts: which ones a message gets, and their callbacks in both observed shapes."""

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
    """How delivery receipts look.

    WRAPPED is the documented one of v2.1 and v2.2. UNWRAPPED was logged on an account whose
    callbacks were in v2 mode: no `data` around it, with numbers, without level and time.
    """

    WRAPPED = "wrapped"
    UNWRAPPED = "unwrapped"


def receipts(time: datetime, *, is_mms: bool, from_handset: bool) -> tuple[Receipt, ...]:
    """What happens to a message that arrives, oldest first.

    Flowroute docs: typically two receipts, the hand-over and the operator's acceptance. Some
    operators add what the handset says.
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
    """The callbacks of all receipts of a message, each followed by the next."""
    form = _FORMS[shape]
    following: Callback | None = None
    for receipt in reversed(record.receipts):
        content = json.dumps(form(record, receipt), ensure_ascii=False).encode()
        note = ignore if following else on_last
        following = Callback(url, content, on_attempt=note, followed_by=following)
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
    """The text that was sent; always empty for an MMS (Flowroute docs)."""
    return "" if record.is_mms else record.body


_FORMS: dict[ReceiptShape, _Form] = {
    ReceiptShape.WRAPPED: _wrapped,
    ReceiptShape.UNWRAPPED: _unwrapped,
}
