"""Inbound messages in every form that the carrier posts."""

import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gateway.callbacks.inbound_message import parse_message, to_e164
from gateway.problems import MalformedCallback
from maskline.ingest.v1 import ingest_pb2
from support.fakes.carrier_callbacks import (
    ALICE,
    CARRIER_MESSAGE_ID,
    MASKED_NUMBER,
    flat_message,
    medium,
    receipt,
    sms,
)


def parse(callback: object) -> ingest_pb2.InboundMessage:
    message = parse_message(json.dumps(callback).encode())
    assert isinstance(message, ingest_pb2.InboundMessage)
    return message


def error_of(callback: object) -> str:
    with pytest.raises(MalformedCallback) as error:
        parse_message(json.dumps(callback).encode())
    return str(error.value)


def with_media(*entries: object) -> dict[str, object]:
    return {**sms(is_mms=True), "included": list(entries)}


def without(field: str) -> dict[str, object]:
    return {key: value for key, value in flat_message().items() if key != field}


def test_flat_and_wrapped_callbacks_are_the_same_message() -> None:
    flat = parse(flat_message(timestamp="2026-11-23T12:00:21.98Z"))
    assert flat == parse(sms())
    assert flat.carrier_time.ToJsonString() == "2026-11-23T12:00:21.980Z"
    flat.ClearField("carrier_time")
    assert flat == ingest_pb2.InboundMessage(
        carrier_message_id=CARRIER_MESSAGE_ID,
        from_number=ALICE,
        to_number=MASKED_NUMBER,
        body="hello",
    )


def test_attributes_without_data_are_accepted() -> None:
    assert parse({"id": "mdr2-1", "type": "message", "attributes": flat_message()}).body == "hello"


@pytest.mark.parametrize(
    "changed",
    [
        {"is_mms": "false"},
        {"is_mms": None},
        {"amount_nanodollars": 7000000, "amount_display": 0.007},
        {"amount_display": {"dollars": []}},
        {"message_type": "long-code"},
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
def test_fields_without_effect_may_have_any_value(changed: dict[str, object]) -> None:
    assert parse(sms(**changed)) == parse(sms())


@pytest.mark.parametrize(
    ("posted", "body"),
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
def test_a_body_is_passed_on_unchanged(posted: object, body: str) -> None:
    assert parse(sms(body=posted)).body == body


def test_a_missing_body_is_empty() -> None:
    assert parse(without("body")).body == ""


@pytest.mark.parametrize("body", [5, True, ["hello"], {"text": "hello"}, 1.5])
def test_a_body_that_is_no_string_is_refused(body: object) -> None:
    assert error_of(sms(body=body)).startswith("body is not a string.")


def test_a_message_over_the_limit_gets_a_body_that_is_never_relayed() -> None:
    """Its sender gets a notice; a refused callback would be lost silently."""
    assert parse(sms(body="x" * 10_001)) == parse(sms(body="\0"))


@pytest.mark.parametrize(
    ("posted", "time"),
    [
        ("2026-11-23T12:00:33Z", "2026-11-23T12:00:33Z"),
        ("2026-11-23T12:00:29.37Z", "2026-11-23T12:00:29.370Z"),
        ("2026-11-23T12:00:17.00Z", "2026-11-23T12:00:17Z"),
        ("2026-11-23T12:00:21.980000Z", "2026-11-23T12:00:21.980Z"),
        ("2026-11-23T12:00:21.123456789Z", "2026-11-23T12:00:21.123456Z"),
        ("2026-11-23T12:00:35+00:00", "2026-11-23T12:00:35Z"),
        ("2026-11-23T04:00:35-08:00", "2026-11-23T12:00:35Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    ],
)
def test_times_may_have_any_fraction_and_offset(posted: str, time: str) -> None:
    assert parse(sms(timestamp=posted)).carrier_time.ToJsonString() == time


@pytest.mark.parametrize(
    "posted",
    [
        *(None, "", "yesterday", 1700000000, "2026-11-23", "2026-11-23T12:00:33"),
        *("2026-13-40T12:00:00Z", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59"),
        *("9999-12-31T23:59:59-23:59", ["2026-11-23T12:00:33Z"]),
    ],
)
def test_a_time_that_is_not_valid_is_absent(posted: object) -> None:
    assert not parse(sms(timestamp=posted)).HasField("carrier_time")


def test_numbers_are_normalised() -> None:
    message = parse(sms(**{"from": "1 (425) 555-0111", "to": 12065550100}))
    assert (message.from_number, message.to_number) == (ALICE, MASKED_NUMBER)


@pytest.mark.parametrize("field", ["from", "to"])
@pytest.mark.parametrize("value", [None, "", "somebody", True, 1.5, [], "555"])
def test_a_number_that_is_not_valid_is_refused_by_field(field: str, value: object) -> None:
    assert error_of(sms(**{field: value})).startswith(f"{field} is not a phone number.")


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", 5, True, [], {}, "x" * 129),
        # Ids become keys and log fields.
        *("mdr2-\n", "mdr2-\x00", "mdr2-é", "call me", "+14255550111", "mdr2-1}:x", "mdr2-1."),
    ],
)
def test_an_id_that_is_not_valid_is_refused(value: object) -> None:
    assert error_of(flat_message(id=value)).startswith("id is missing")
    assert error_of(without("id")).startswith("id is missing")


@pytest.mark.parametrize("value", ["mdr1-0", "mdr2-" + "f" * 33, "x" * 128, "A_z-9"])
def test_an_id_of_the_carrier_is_accepted(value: str) -> None:
    assert parse(flat_message(id=value)).carrier_message_id == value


@pytest.mark.parametrize("direction", ["outbound", "Outbound"])
def test_an_outbound_message_is_refused(direction: str) -> None:
    assert error_of(sms(direction=direction)).startswith("This message is outbound.")


def test_attachments_are_passed_on_in_order() -> None:
    message = parse(with_media(medium(1), medium(2, mime_type="video/mp4", file_size="900")))
    assert list(message.attachments) == [
        ingest_pb2.Attachment(
            url="https://media.example.com/1", content_type="image/png", size_bytes=14832
        ),
        ingest_pb2.Attachment(
            url="https://media.example.com/2", content_type="video/mp4", size_bytes=900
        ),
    ]
    sixteen = with_media(*(medium(number) for number in range(16)))
    assert len(parse(sixteen).attachments) == 16


@pytest.mark.parametrize(
    "entry",
    [
        None,
        7,
        "media",
        {},
        {"type": "campaign", "attributes": {"url": "https://media.example.com/1"}},
    ],
)
def test_an_entry_without_a_file_is_no_attachment(entry: object) -> None:
    assert not parse(with_media(entry)).attachments


@pytest.mark.parametrize("size", [None, -1, 1.5, True, "many", 2**63, 10**30, "9" * 30])
def test_a_size_that_is_not_valid_is_zero(size: object) -> None:
    [attachment] = parse(with_media(medium(1, file_size=size))).attachments
    assert attachment.size_bytes == 0


@pytest.mark.parametrize("included", [None, {}, "media", 7, []])
def test_included_without_entries_means_no_attachments(included: object) -> None:
    assert not parse({**sms(), "included": included}).attachments


def test_a_receipt_at_the_address_of_messages_is_a_receipt() -> None:
    parsed = parse_message(json.dumps(receipt()).encode())
    assert isinstance(parsed, ingest_pb2.DeliveryReceipt)
    assert (parsed.carrier_code, parsed.send_token) == ("1003", "")


@pytest.mark.parametrize(
    "posted",
    [
        *("+14255550111", "14255550111", 14255550111, "1 (425) 555-0111"),
        *(" +1 425 555 0111 ", "14255550111\n", "+1 (425) 555-0111", "1.425.555.0111"),
    ],
)
def test_a_number_may_be_written_in_many_ways(posted: object) -> None:
    assert to_e164(posted, "from") == "+14255550111"


def test_after_a_plus_ten_digits_include_the_country_code() -> None:
    assert to_e164("+4520123456", "from") == "+4520123456"


@pytest.mark.parametrize(
    "posted",
    [
        *(None, True, False, 14255550111.0, -14255550111, 0, "", "+", "hello", "++14255550111"),
        *("+014255550111", "14255550111 ext 2", "١٤٢٥٥٥٥٠١١١", "+1425555", "+1425555011122334"),
        # Ten digits may lack a 1 or be those of another country.
        *("4255550111", 4255550111, "(425) 555-0111", "6595550123", "+16595551"),
        *("+19115550111", "14259110111", "11255550111", "15550123", "+123456789012345"),
        *(["14255550111"], {"number": "14255550111"}, "14255550111,14255550122", 10**4000),
    ],
)
def test_anything_else_is_refused_without_repeating_it(posted: object) -> None:
    with pytest.raises(MalformedCallback) as error:
        to_e164(posted, "from")
    assert str(error.value) == "from is not a phone number. Send it in E.164, digits with a +."


@settings(deadline=None)
@given(st.integers(min_value=2 * 10**7, max_value=10**15 - 1))
def test_digits_after_the_plus_of_another_country_are_not_changed(number: int) -> None:
    assume(not str(number).startswith("1"))
    assert to_e164(f"+{number}", "to") == f"+{number}"


@pytest.mark.parametrize(
    ("posted", "number"),
    [
        *(("4520123456", "+4520123456"), ("447700900123", "+447700900123")),
        *((4520123456, "+4520123456"), ("6510345678", "+6510345678")),
    ],
)
def test_digits_that_are_no_north_american_number_are_taken_as_they_stand(
    posted: object, number: str
) -> None:
    assert to_e164(posted, "from") == number


@pytest.mark.parametrize("posted", ["2065550100", 2065550100, "(206) 555-0100"])
def test_ten_digits_are_taken_for_a_number_of_our_own(posted: object) -> None:
    assert parse(sms(to=posted)).to_number == "+12065550100"
