"""Inbound texts, quirk by quirk."""

import json
from datetime import UTC, datetime

import pytest

from gateway.callbacks.delivery_receipt import DeliveryReceipt
from gateway.callbacks.inbound_message import Attachment, InboundText, parse_message
from gateway.problems import MalformedCallback
from support.carrier_callbacks import (
    ALICE,
    CARRIER_MESSAGE_ID,
    MASKED_NUMBER,
    flat_message,
    medium,
    receipt,
    sms,
)


def parsed(callback: object) -> InboundText:
    text = parse_message(json.dumps(callback).encode())
    assert isinstance(text, InboundText)
    return text


def refusal_of(callback: object) -> str:
    with pytest.raises(MalformedCallback) as refusal:
        parse_message(json.dumps(callback).encode())
    return str(refusal.value)


def with_media(*entries: object) -> dict[str, object]:
    return {**sms(is_mms=True), "included": list(entries)}


def test_flat_and_wrapped_callbacks_are_the_same_text() -> None:
    flat = parsed(flat_message(timestamp="2026-11-23T12:00:21.98Z"))
    assert flat == parsed(sms())
    assert flat == InboundText(
        carrier_message_id=CARRIER_MESSAGE_ID,
        from_number=ALICE,
        to_number=MASKED_NUMBER,
        body="hello",
        attachments=(),
        carrier_time=datetime(2026, 11, 23, 12, 0, 21, 980000, tzinfo=UTC),
    )


def test_attributes_without_data_are_read_too() -> None:
    assert parsed({"id": "mdr2-1", "type": "message", "attributes": flat_message()}).body == "hello"


@pytest.mark.parametrize(
    "changed",
    [
        {"is_mms": "false"},
        {"is_mms": None},
        {"amount_nanodollars": 7000000, "amount_display": 0.007},
        {"amount_display": {"dollars": []}},
        {"message_type": "long-code"},
        {"message_type": "toll-free"},
        {"message_type": 7},
        {"message_encoding": "8"},
        {"delivery_receipts": None},
        {"direction": None},
        {"direction": "INBOUND"},
        {"direction": 1},
        {"status": ""},
        {"price_details": {"segment_count": 1}},
    ],
)
def test_what_decides_nothing_may_be_anything(changed: dict[str, object]) -> None:
    assert parsed(sms(**changed)) == parsed(sms())


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (None, ""),
        ("", ""),
        ("héllo 🙂", "héllo 🙂"),
        ("a\x00b", "a\x00b"),
        ("half \ud83d an emoji", "half \ufffd an emoji"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("  end \n", "  end \n"),
        ("x" * 10_000, "x" * 10_000),
    ],
)
def test_a_body_arrives_as_it_was_written(written: object, read: str) -> None:
    assert parsed(sms(body=written)).body == read


def test_a_missing_body_is_an_empty_one() -> None:
    message = flat_message()
    del message["body"]
    assert parsed(message).body == ""


@pytest.mark.parametrize("body", [5, True, ["hello"], {"text": "hello"}, 1.5])
def test_a_body_that_is_no_string_is_refused(body: object) -> None:
    assert refusal_of(sms(body=body)).startswith("body is not a string.")


def test_a_text_beyond_the_limits_is_handed_in_as_what_no_text_may_have() -> None:
    """So its sender is told, and it is not lost without a word."""
    assert parsed(sms(body="x" * 10_001)) == parsed(sms(body="\0"))
    too_many = with_media(*(medium(number) for number in range(17)))
    assert (parsed(too_many).body, parsed(too_many).attachments) == ("\0", ())


@pytest.mark.parametrize(
    ("written", "second", "microsecond"),
    [
        ("2026-11-23T12:00:33Z", 33, 0),
        ("2026-11-23T12:00:29.37Z", 29, 370000),
        ("2026-11-23T12:00:17.00Z", 17, 0),
        ("2026-11-23T12:00:21.980000Z", 21, 980000),
        ("2026-11-23T12:00:21.123456789Z", 21, 123456),
        ("2026-11-23T12:00:35+00:00", 35, 0),
        ("2026-11-23T04:00:35-08:00", 35, 0),
    ],
)
def test_times_are_read_with_any_fraction_and_offset(
    written: str, second: int, microsecond: int
) -> None:
    expected = datetime(2026, 11, 23, 12, 0, second, microsecond, tzinfo=UTC)
    assert parsed(sms(timestamp=written)).carrier_time == expected


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "yesterday",
        1700000000,
        "2026-11-23",
        "2026-11-23T12:00:33",
        "2026-13-40T12:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        ["2026-11-23T12:00:33Z"],
    ],
)
def test_a_time_that_cannot_be_read_is_absent(written: object) -> None:
    assert parsed(sms(timestamp=written)).carrier_time is None


def test_the_numbers_are_normalised() -> None:
    text = parsed(sms(**{"from": "(425) 555-0111", "to": 12065550100}))
    assert (text.from_number, text.to_number) == (ALICE, MASKED_NUMBER)


@pytest.mark.parametrize("field", ["from", "to"])
@pytest.mark.parametrize("value", [None, "", "somebody", True, 1.5, [], "555"])
def test_a_number_that_is_none_is_refused_by_its_name(field: str, value: object) -> None:
    assert refusal_of(sms(**{field: value})).startswith(f"{field} is not a phone number.")


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", 5, True, [], {}, "x" * 129),
        # Whoever reaches the gateway could write these into keys and logs.
        *("mdr2-\n", "mdr2-\x00", "mdr2-é", "call me", "+14255550111", "mdr2-1}:x", "mdr2-1."),
    ],
)
def test_an_id_that_cannot_be_kept_is_refused(value: object) -> None:
    assert refusal_of(flat_message(id=value)).startswith("id is missing")


@pytest.mark.parametrize("value", ["mdr1-0", "mdr2-" + "f" * 33, "x" * 128, "A_z-9"])
def test_an_id_that_the_carrier_may_give_is_kept(value: str) -> None:
    assert parsed(flat_message(id=value)).carrier_message_id == value


def test_a_missing_id_is_refused() -> None:
    message = flat_message()
    del message["id"]
    assert refusal_of(message).startswith("id is missing")


@pytest.mark.parametrize("direction", ["outbound", "Outbound"])
def test_an_outbound_message_is_no_inbound_text(direction: str) -> None:
    assert refusal_of(sms(direction=direction)).startswith("This message is outbound.")


def test_attachments_are_passed_on_in_order() -> None:
    text = parsed(with_media(medium(1), medium(2, mime_type="video/mp4", file_size="900")))
    assert text.attachments == (
        Attachment("https://media.example.com/1", "image/png", 14832),
        Attachment("https://media.example.com/2", "video/mp4", 900),
    )


@pytest.mark.parametrize(
    "entry",
    [
        None,
        7,
        "media",
        {},
        {"type": "media"},
        {"type": "media", "attributes": []},
        {"type": "campaign", "attributes": {"url": "https://media.example.com/1"}},
        medium(1, url=None),
        medium(1, url=""),
        medium(1, url=7),
    ],
)
def test_an_entry_that_offers_no_file_is_no_attachment(entry: object) -> None:
    assert parsed(with_media(entry)).attachments == ()


@pytest.mark.parametrize("size", [None, -1, 1.5, True, "many", 2**63, 10**30, "9" * 30])
def test_a_size_that_was_not_said_is_zero(size: object) -> None:
    [attachment] = parsed(with_media(medium(1, file_size=size))).attachments
    assert attachment.size_bytes == 0


@pytest.mark.parametrize("included", [None, {}, "media", 7, []])
def test_an_included_without_entries_means_no_attachments(included: object) -> None:
    assert parsed({**sms(), "included": included}).attachments == ()


def test_sixteen_attachments_pass() -> None:
    entries = [medium(number) for number in range(16)]
    assert len(parsed(with_media(*entries)).attachments) == 16


def test_a_receipt_at_this_address_is_read_as_a_receipt() -> None:
    read = parse_message(json.dumps(receipt()).encode())
    assert isinstance(read, DeliveryReceipt)
    assert (read.status_code, read.send_token) == (1003, "")


def test_a_text_shows_neither_numbers_nor_words_when_it_is_printed() -> None:
    shown = repr(parsed(with_media(medium(1))))
    assert "555" not in shown
    assert "hello" not in shown
    assert "media.example.com" not in shown
