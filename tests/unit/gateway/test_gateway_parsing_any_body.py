"""Whatever is posted, parsing ends with a value or with Unreadable."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.callbacks.delivery_receipt import DeliveryReceipt, parse_receipt, to_delivery_receipt
from gateway.callbacks.inbound_message import InboundText, parse_message, to_inbound_message
from gateway.problems import MalformedCallback
from maskline.conversation.v1 import conversation_pb2 as pb
from support.carrier_callbacks import ALICE, CARRIER_MESSAGE_ID, MASKED_NUMBER, medium, receipt, sms

WRAPPING = ["data", "attributes", "id", "type", "included"]
FIELDS = ["from", "to", "body", "timestamp", "direction", "is_mms", "url", "file_size"]
RECEIPT_FIELDS = ["level", "status", "status_code"]
KEYS = st.sampled_from([*WRAPPING, *FIELDS, *RECEIPT_FIELDS])
VALUES = st.sampled_from(
    [CARRIER_MESSAGE_ID, ALICE, MASKED_NUMBER, "message", "delivery_receipt", "media", "outbound"]
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | VALUES
)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner, max_size=8)
    ),
    max_leaves=30,
)
# All that a refusal can say: a fixed sentence cannot repeat what was posted.
REFUSALS = (
    "The body is not JSON in UTF-8. Send one JSON object.",
    "The body is not a JSON object. Send one JSON object.",
    "This is a message, not a receipt. Send messages to /api/message.",
    "This message is outbound. Send only inbound messages here.",
    "id is missing or is not a string of 1 to 128 of A-Z, a-z, 0-9, _ and -.",
    "from is not a phone number. Send it in E.164, digits with a +.",
    "to is not a phone number. Send it in E.164, digits with a +.",
    "body is not a string. Send a string, null, or leave it out.",
    "status_code is not a whole number. Send a number, or leave it out.",
)
ANY_STRING = st.text(st.characters(exclude_categories=()))


Parse = Callable[[bytes], InboundText | DeliveryReceipt]


def on_the_wire(callback: InboundText | DeliveryReceipt) -> bytes:
    if isinstance(callback, InboundText):
        return to_inbound_message(callback).SerializeToString()
    return to_delivery_receipt(callback).SerializeToString()


def refusal_of(parse: Parse, body: bytes) -> str | None:
    """Why the body is refused, or None when it reaches the wire."""
    try:
        on_the_wire(parse(body))
    except MalformedCallback as refusal:
        return str(refusal)
    return None


@pytest.mark.parametrize("parse", [parse_message, parse_receipt])
@settings(deadline=None)
@given(callback=ANY_JSON)
def test_any_json_is_read_or_refused(parse: Parse, callback: object) -> None:
    assert refusal_of(parse, json.dumps(callback).encode()) in {None, *REFUSALS}


@settings(deadline=None)
@given(st.dictionaries(KEYS, ANY_JSON, max_size=12))
def test_a_message_with_any_attributes_is_read_or_refused(attributes: dict[str, object]) -> None:
    assert refusal_of(parse_message, json.dumps(sms(**attributes)).encode()) in {None, *REFUSALS}


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for parse in (parse_message, parse_receipt):
        with pytest.raises(MalformedCallback):
            parse(body)


@settings(deadline=None)
@given(ANY_STRING)
def test_any_text_reaches_the_wire_and_comes_off_it_again(written: str) -> None:
    text = parse_message(json.dumps(sms(body=written)).encode())
    assert isinstance(text, InboundText)
    read = pb.InboundMessage.FromString(on_the_wire(text))
    assert read.body == text.body
    expected = [c if not "\ud800" <= c <= "\udfff" else "\ufffd" for c in _joined(written)]
    assert list(read.body) == expected


def _joined(written: str) -> str:
    """Surrogates that stand as a pair are one character in JSON."""
    decoded = json.loads(json.dumps(written))
    assert isinstance(decoded, str)
    return decoded


def test_every_field_reaches_the_wire() -> None:
    text = parse_message(json.dumps({**sms(), "included": [medium(1)]}).encode())
    assert isinstance(text, InboundText)
    message = to_inbound_message(text)
    assert message.carrier_time.ToJsonString() == "2026-11-23T12:00:21.980Z"
    message.ClearField("carrier_time")
    assert message == pb.InboundMessage(
        carrier_message_id=CARRIER_MESSAGE_ID,
        from_number=ALICE,
        to_number=MASKED_NUMBER,
        body="hello",
        attachments=[
            pb.MediaAttachment(
                url="https://media.example.com/1", content_type="image/png", size_bytes=14832
            )
        ],
    )


def test_every_field_of_a_receipt_reaches_the_wire() -> None:
    message = to_delivery_receipt(parse_receipt(json.dumps(receipt()).encode(), "token"))
    assert message.carrier_time.ToJsonString() == "2026-11-23T12:00:35Z"
    message.ClearField("carrier_time")
    assert message == pb.DeliveryReceipt(
        carrier_message_id=CARRIER_MESSAGE_ID,
        send_token="token",
        status_code=1003,
        status="message buffered",
        level=2,
    )


def test_what_was_not_said_is_absent_on_the_wire() -> None:
    silent = parse_receipt(json.dumps({"id": CARRIER_MESSAGE_ID}).encode())
    message = to_delivery_receipt(silent)
    assert not message.HasField("status_code")
    assert not message.HasField("carrier_time")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"hello",
        b"[]",
        b"[{}]",
        b"null",
        b"1",
        b'"text"',
        b"{",
        b"{}{}",
        b"{'id': 1}",
        b'{"id": NaN}',
        b'{"id": Infinity}',
        b'{"id": -Infinity}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"id": ' + b"1" * 5000 + b"}",
        b"\xef\xbb\xbf{}",
        b'{"body": "\xe9"}',
        b'{"body": "\xed\xa0\x80"}',
        "{}".encode("utf-16"),
        "{}".encode("utf-32"),
        b"\x1f\x8b\x08\x00",
        b"id=mdr2-1&from=14255550111",
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    for parse in (parse_message, parse_receipt):
        with pytest.raises(MalformedCallback, match="Send one JSON object"):
            parse(body)


def test_a_refusal_does_not_carry_the_body_in_its_causes() -> None:
    with pytest.raises(MalformedCallback) as refusal:
        parse_message(b'{"body": "between us')
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__
