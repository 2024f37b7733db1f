"""Callbacks as the carrier posts them; tests change single fields."""

CARRIER_MESSAGE_ID = "mdr2-0123456789abcdef0123456789abcdef"
MASKED_NUMBER = "+12065550100"
ALICE = "+14255550111"
BOB = "+14255550122"


def flat_message(**changed: object) -> dict[str, object]:
    """The shape of v2.0; `changed` are fields."""
    message = {
        "id": CARRIER_MESSAGE_ID,
        "from": ALICE.removeprefix("+"),
        "to": MASKED_NUMBER.removeprefix("+"),
        "body": "hello",
    }
    return {**message, **changed}


def sms(**changed: object) -> dict[str, object]:
    """The JSON:API shape of v2.1 and v2.2; `changed` are attributes."""
    attributes = {
        **flat_message(),
        "amount_nanodollars": "7000000",
        "direction": "inbound",
        "is_mms": False,
        "message_type": "longcode",
        "status": "delivered",
        "timestamp": "2026-11-23T12:00:21.980000Z",
    }
    del attributes["id"]
    data = {"id": CARRIER_MESSAGE_ID, "type": "message", "attributes": {**attributes, **changed}}
    return {"data": data}


def receipt(**changed: object) -> dict[str, object]:
    """The documented shape of a delivery receipt; `changed` are attributes."""
    attributes = {
        "body": "hello",
        "level": 2,
        "status": "message buffered",
        "status_code": 1003,
        "timestamp": "2026-11-23T12:00:35+00:00",
    }
    return {
        "data": {
            "id": CARRIER_MESSAGE_ID,
            "type": "delivery_receipt",
            "attributes": {**attributes, **changed},
        }
    }


def medium(number: int, **changed: object) -> dict[str, object]:
    """One entry of `included`; `changed` are attributes."""
    attributes = {
        "file_name": "picture.png",
        "file_size": 14832,
        "mime_type": "image/png",
        "url": f"https://media.example.com/{number}",
    }
    return {"id": str(number), "type": "media", "attributes": {**attributes, **changed}}
