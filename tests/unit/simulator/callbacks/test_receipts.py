import json
from datetime import UTC, datetime

from simulator.callbacks.receipts import ReceiptShape, receipt_callbacks, receipts
from simulator.callbacks.sender import Callback
from simulator.records import Direction, MessageRecord

TIME = datetime(2017, 12, 21, 16, 44, 35, 930_000, tzinfo=UTC)
URL = "https://example.net/dlr/token"
ID = "mdr2-0123456789abcdef0123456789abcdef"


def record(*, is_mms: bool = False) -> MessageRecord:
    return MessageRecord(
        id=ID,
        direction=Direction.OUTBOUND,
        from_number="+12065550100",
        to_number="+14255550123",
        body="hi",
        media=(),
        is_mms=is_mms,
        time=TIME,
        receipts=receipts(TIME, is_mms=is_mms, from_handset=False),
    )


def payloads(sent: MessageRecord, shape: ReceiptShape) -> list[dict[str, object]]:
    contents = []
    callback: Callback | None = receipt_callbacks(sent, shape, URL)
    while callback:
        contents.append(json.loads(callback.content))
        callback = callback.followed_by
    return contents


def wrapped(level: int, status: str, code: int | None, description: str) -> dict[str, object]:
    return {
        "data": {
            "attributes": {
                "body": "hi",
                "level": level,
                "status": status,
                "status_code": code,
                "status_code_description": description,
                "timestamp": "2017-12-21T16:44:35+00:00",
            },
            "id": ID,
            "links": {"related": f"https://api.flowroute.com/v2.2/messages/{ID}"},
            "type": "delivery_receipt",
        }
    }


def test_two_wrapped_receipts_tell_the_hand_over_and_then_the_acceptance() -> None:
    assert payloads(record(), ReceiptShape.WRAPPED) == [
        wrapped(1, "smsc submit", None, "Message has been sent"),
        wrapped(2, "message buffered", 1003, "Message accepted by Carrier"),
    ]


def test_unwrapped_receipts_have_numbers_and_neither_level_nor_time() -> None:
    common = {"to": "14255550123", "from": "12065550100", "body": "hi"}
    assert payloads(record(), ReceiptShape.UNWRAPPED) == [
        {"attributes": {**common, "status": "smsc submit"}, "id": ID, "type": "delivery_receipt"},
        {
            "attributes": {**common, "status": "message buffered", "status_code": 1003},
            "id": ID,
            "type": "delivery_receipt",
        },
    ]


def test_receipts_of_an_mms_have_no_body() -> None:
    for shape in ReceiptShape:
        for receipt in payloads(record(is_mms=True), shape):
            data = receipt["data"] if shape is ReceiptShape.WRAPPED else receipt
            assert isinstance(data, dict)
            assert data["attributes"]["body"] == ""
