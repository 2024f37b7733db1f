"""What varies about inbound callbacks with their words, attachments and number."""

import json
from datetime import UTC, datetime

import pytest

from simulator.callbacks.inbound import CallbackShape, inbound_callback
from simulator.records import Direction, Media, MessageRecord

ID = "0123456789abcdef0123456789abcdef"
PICTURE = Media("https://example.net/cat.png", "cat.png", "image/png", 14_832)
SOUND = Media("https://example.net/purr.amr", "purr.amr", "audio/amr", 0)


def callback(
    body: str = "hello", *, to: str = "+12065550100", media: tuple[Media, ...] = ()
) -> dict[str, object]:
    record = MessageRecord(
        id=f"mdr2-{ID}",
        direction=Direction.INBOUND,
        from_number="+14255550111",
        to_number=to,
        body=body,
        media=media,
        is_mms=bool(media),
        time=datetime(2026, 11, 23, 12, 0, 21, tzinfo=UTC),
    )
    content = inbound_callback(record, CallbackShape.JSONAPI, "http://gateway/api/message")
    payload: dict[str, object] = json.loads(content)
    return payload


def data(payload: dict[str, object], part: str) -> dict[str, object]:
    content = payload["data"]
    assert isinstance(content, dict)
    inner: dict[str, object] = content[part]
    return inner


def test_a_text_outside_ascii_is_ucs2_and_costs_each_of_its_segments() -> None:
    attributes = data(callback("h\u00e9" * 36), "attributes")
    assert attributes["message_encoding"] == 8
    assert attributes["amount_nanodollars"] == "8000000"
    assert attributes["amount_display"] == "$0.0080"


@pytest.mark.parametrize("media", [(), (PICTURE,)])
def test_a_toll_free_number_of_ours_is_told(media: tuple[Media, ...]) -> None:
    attributes = data(callback(to="+18885550100", media=media), "attributes")
    assert attributes["message_type"] == "toll-free"


def test_whole_seconds_have_no_fraction_in_a_text_and_two_zeros_in_an_mms() -> None:
    assert data(callback(), "attributes")["timestamp"] == "2026-11-23T12:00:21Z"
    mms = data(callback(media=(PICTURE,)), "attributes")
    assert mms["timestamp"] == "2026-11-23T12:00:21.00Z"


def test_each_attachment_is_named_once_and_included_in_the_same_order() -> None:
    payload = callback(media=(PICTURE, SOUND))
    included = payload["included"]
    assert isinstance(included, list)
    references = [{"id": item["id"], "type": item["type"]} for item in included]
    assert references == [{"id": f"{ID}-0", "type": "media"}, {"id": f"{ID}-1", "type": "media"}]
    assert data(payload, "relationships") == {"media": {"data": references}}
    assert [item["attributes"] for item in included] == [
        {"file_name": "cat.png", "file_size": 14_832, "mime_type": "image/png", "url": PICTURE.url},
        {"file_name": "purr.amr", "file_size": 0, "mime_type": "audio/amr", "url": SOUND.url},
    ]
