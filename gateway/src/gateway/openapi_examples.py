"""One request of each shape that the carrier posts, for the OpenAPI document."""

from collections.abc import Mapping

Example = Mapping[str, object]

_MESSAGE_ID = "mdr2-0123456789abcdef0123456789abcdef"
_FLAT: Example = {"to": "12065550100", "from": "14255550111", "body": "hello"}

MESSAGES: Mapping[str, Example] = {
    "flat_v2_0": {
        "summary": "Flat, as Messaging API v2.0 posts it",
        "value": {**_FLAT, "id": "mdr1-0123456789abcdef0123456789abcdef"},
    },
    "flat_v2_2": {
        "summary": "Flat with an id of v2.1 or v2.2; not documented, but posted",
        "value": {**_FLAT, "id": _MESSAGE_ID},
    },
    "sms": {
        "summary": "JSON:API SMS of v2.1 and v2.2",
        "value": {
            "data": {
                "id": _MESSAGE_ID,
                "type": "message",
                "attributes": {
                    **_FLAT,
                    "amount_display": "$0.0070",
                    "amount_nanodollars": "7000000",
                    "direction": "inbound",
                    "is_mms": False,
                    "message_encoding": 0,
                    "message_type": "longcode",
                    "status": "delivered",
                    "timestamp": "2026-11-23T12:00:00.980000Z",
                },
            }
        },
    },
    "mms": {
        "summary": "JSON:API MMS of v2.1 and v2.2, a picture without words",
        "value": {
            "data": {
                "id": _MESSAGE_ID,
                "type": "message",
                "attributes": {
                    **_FLAT,
                    "amount_nanodollars": 19500000,
                    "body": None,
                    "delivery_receipts": [],
                    "direction": "inbound",
                    "is_mms": True,
                    "status": "",
                    "timestamp": "2026-11-23T12:00:00.00Z",
                },
                "relationships": {"media": {"data": [{"id": "1", "type": "media"}]}},
            },
            "included": [
                {
                    "id": "1",
                    "type": "media",
                    "attributes": {
                        "file_name": "picture.png",
                        "file_size": 14832,
                        "mime_type": "image/png",
                        "url": "https://media.example.com/picture.png",
                    },
                }
            ],
        },
    },
}

RECEIPTS: Mapping[str, Example] = {
    "json_api": {
        "summary": "As documented for v2.1 and v2.2",
        "value": {
            "data": {
                "id": _MESSAGE_ID,
                "type": "delivery_receipt",
                "attributes": {
                    "body": "hello",
                    "level": 2,
                    "status": "message buffered",
                    "status_code": 1003,
                    "status_code_description": "Message accepted by Carrier",
                    "timestamp": "2026-11-23T12:00:05+00:00",
                },
            }
        },
    },
    "without_data": {
        "summary": "Without data; not documented, but posted by accounts in v2.0 mode",
        "value": {
            "id": _MESSAGE_ID,
            "type": "delivery_receipt",
            "attributes": {**_FLAT, "status": "smsc submit"},
        },
    },
}
