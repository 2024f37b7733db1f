import json
from datetime import UTC, datetime
from typing import Any

import pytest

from simulator.callbacks.inbound import CallbackShape, id_prefix, inbound_callback
from simulator.records import Direction, Media, MessageRecord

CALLBACK_URL = "https://example.net/hook?x=1"
ID = "0123456789abcdef0123456789abcdef"
SOUND = Media("https://example.net/purr.amr", "purr.amr", "audio/amr", 0)
PICTURE = Media("https://example.net/image000000.png", "image000000.png", "image/png", 14832)


def record(
    body: str,
    *,
    prefix: str = "mdr2-",
    to: str = "+12065550100",
    media: tuple[Media, ...] = (),
    microsecond: int = 980_000,
) -> MessageRecord:
    return MessageRecord(
        id=prefix + ID,
        direction=Direction.INBOUND,
        from_number="+14255550123",
        to_number=to,
        body=body,
        media=media,
        is_mms=bool(media),
        time=datetime(2024, 10, 19, 1, 21, 21, microsecond, tzinfo=UTC),
    )


def payload(sent: MessageRecord, shape: CallbackShape) -> object:
    return json.loads(inbound_callback(sent, shape, CALLBACK_URL))


@pytest.mark.parametrize(
    ("shape", "prefix"), [(CallbackShape.FLAT_MDR1, "mdr1-"), (CallbackShape.FLAT_MDR2, "mdr2-")]
)
def test_a_flat_callback_has_four_fields_and_no_plus(shape: CallbackShape, prefix: str) -> None:
    assert id_prefix(shape, is_mms=False) == prefix
    assert payload(record("hello", prefix=prefix), shape) == {
        "to": "12065550100",
        "from": "14255550123",
        "body": "hello",
        "id": prefix + ID,
    }


def test_a_json_api_sms_is_the_logged_sample() -> None:
    assert id_prefix(CallbackShape.JSONAPI, is_mms=False) == "mdr2-"
    assert payload(record("hello"), CallbackShape.JSONAPI) == {
        "data": {
            "attributes": {
                "amount_display": "$0.0040",
                "amount_nanodollars": "4000000",
                "body": "hello",
                "direction": "inbound",
                "from": "14255550123",
                "to": "12065550100",
                "is_mms": False,
                "message_callback_url": CALLBACK_URL,
                "message_encoding": 0,
                "message_type": "longcode",
                "status": "delivered",
                "timestamp": "2024-10-19T01:21:21.980000Z",
            },
            "type": "message",
            "id": f"mdr2-{ID}",
        }
    }


@pytest.mark.parametrize("shape", list(CallbackShape))
def test_a_picture_without_words_is_the_logged_sample_in_every_mode(shape: CallbackShape) -> None:
    assert id_prefix(shape, is_mms=True) == "mdr2-"
    media_id = f"{ID}-0"
    assert payload(record("", media=(PICTURE,), microsecond=0), shape) == {
        "data": {
            "id": f"mdr2-{ID}",
            "type": "message",
            "attributes": {
                "amount_display": "$0.0195",
                "amount_nanodollars": 19_500_000,
                "body": None,
                "delivery_receipts": [],
                "direction": "inbound",
                "from": "14255550123",
                "to": "12065550100",
                "is_mms": True,
                "message_encoding": 0,
                "message_type": "longcode",
                "status": "",
                "timestamp": "2024-10-19T01:21:21.00Z",
            },
            "relationships": {"media": {"data": [{"id": media_id, "type": "media"}]}},
        },
        "included": [
            {
                "id": media_id,
                "type": "media",
                "attributes": {
                    "file_name": "image000000.png",
                    "file_size": 14832,
                    "mime_type": "image/png",
                    "url": "https://example.net/image000000.png",
                },
                "links": {"self": f"https://api.flowroute.com/v2.2/media/{media_id}"},
            }
        ],
    }


@pytest.mark.parametrize("shape", list(CallbackShape))
def test_whatever_was_typed_arrives(shape: CallbackShape) -> None:
    for body in ("", "héllo \N{SNOWMAN}", 'quote " and \\', "line\nbreak\x00"):
        content: Any = payload(record(body), shape)
        assert content.get("data", {}).get("attributes", content)["body"] == body


def attributes(sent: MessageRecord) -> dict[str, object]:
    content: Any = payload(sent, CallbackShape.JSONAPI)
    inner: dict[str, object] = content["data"]["attributes"]
    return inner


def test_a_text_outside_ascii_is_ucs2_and_costs_each_of_its_segments() -> None:
    values = attributes(record("h\u00e9" * 36))
    assert (values["message_encoding"], values["amount_nanodollars"]) == (8, "8000000")
    assert values["amount_display"] == "$0.0080"


@pytest.mark.parametrize("media", [(), (PICTURE,)])
def test_a_toll_free_number_has_its_own_message_type(media: tuple[Media, ...]) -> None:
    assert attributes(record("", to="+18885550100", media=media))["message_type"] == "toll-free"


def test_each_attachment_is_named_once_and_included_in_the_same_order() -> None:
    content = inbound_callback(record("", media=(PICTURE, SOUND)), CallbackShape.JSONAPI, "")
    document = json.loads(content)
    references = [{"id": f"{ID}-{number}", "type": "media"} for number in (0, 1)]
    assert document["data"]["relationships"] == {"media": {"data": references}}
    included = [(item["id"], item["attributes"]["url"]) for item in document["included"]]
    assert included == [(f"{ID}-0", PICTURE.url), (f"{ID}-1", SOUND.url)]
