"""Any body is either parsed or refused with a fixed message."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.callbacks.delivery_receipt import parse_receipt
from gateway.callbacks.inbound_message import parse_message
from gateway.problems import MalformedCallback
from maskline.ingest.v1 import ingest_pb2
from support.fakes.carrier_callbacks import ALICE, CARRIER_MESSAGE_ID, MASKED_NUMBER, sms

ENVELOPE = ["data", "attributes", "id", "type", "included"]
FIELDS = ["from", "to", "body", "timestamp", "direction", "is_mms", "url", "file_size"]
RECEIPT_FIELDS = ["level", "status", "status_code"]
KEYS = st.sampled_from([*ENVELOPE, *FIELDS, *RECEIPT_FIELDS])
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
# All messages: a fixed message cannot repeat what was posted.
MESSAGES = (
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

Parse = Callable[[bytes], ingest_pb2.InboundMessage | ingest_pb2.DeliveryReceipt]


def error_of(parse: Parse, body: bytes) -> str | None:
    """The error of parsing; None if the result can be sent over gRPC."""
    try:
        parse(body).SerializeToString()
    except MalformedCallback as error:
        return str(error)
    return None


@pytest.mark.parametrize("parse", [parse_message, parse_receipt])
@settings(deadline=None)
@given(callback=ANY_JSON)
def test_any_json_is_parsed_or_refused(parse: Parse, callback: object) -> None:
    assert error_of(parse, json.dumps(callback).encode()) in {None, *MESSAGES}


@settings(deadline=None)
@given(st.dictionaries(KEYS, ANY_JSON, max_size=12))
def test_a_message_with_any_attributes_is_parsed_or_refused(attributes: dict[str, object]) -> None:
    assert error_of(parse_message, json.dumps(sms(**attributes)).encode()) in {None, *MESSAGES}


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_refused(body: bytes) -> None:
    for parse in (parse_message, parse_receipt):
        with pytest.raises(MalformedCallback):
            parse(body)


@settings(deadline=None)
@given(ANY_STRING)
def test_any_body_can_be_sent_over_grpc(body: str) -> None:
    message = parse_message(json.dumps(sms(body=body)).encode())
    assert isinstance(message, ingest_pb2.InboundMessage)
    decoded = ingest_pb2.InboundMessage.FromString(message.SerializeToString())
    # A pair of surrogates is one character in JSON; a lone one cannot be encoded.
    joined = str(json.loads(json.dumps(body)))
    expected = [c if not "\ud800" <= c <= "\udfff" else "\ufffd" for c in joined]
    assert list(decoded.body) == expected


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
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        b'{"body": "\xe9"}',
        b'{"body": "\xed\xa0\x80"}',
        "{}".encode("utf-16"),
        "{}".encode("utf-32"),
        b"\x1f\x8b\x08\x00",
        b"id=mdr2-1&from=14255550111",
    ],
)
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    for parse in (parse_message, parse_receipt):
        with pytest.raises(MalformedCallback, match="Send one JSON object"):
            parse(body)


def test_an_error_does_not_hold_the_body_in_its_causes() -> None:
    with pytest.raises(MalformedCallback) as error:
        parse_message(b'{"body": "between us')
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__
