"""Delivery receipts, quirk by quirk."""

import json

import pytest

from gateway.callbacks.delivery_receipt import DeliveryReceipt, parse_receipt
from gateway.problems import MalformedCallback
from support.carrier_callbacks import CARRIER_MESSAGE_ID, flat_message, receipt, sms


def parsed(callback: object, send_token: str = "") -> DeliveryReceipt:
    return parse_receipt(json.dumps(callback).encode(), send_token)


def test_the_text_inside_a_receipt_is_dropped() -> None:
    read = parsed(receipt(body="between us"))
    assert "between us" not in repr(read)
    assert read == parsed(receipt(body=None))


def test_everything_but_the_id_is_optional() -> None:
    assert parsed({"id": CARRIER_MESSAGE_ID, "type": "delivery_receipt"}) == DeliveryReceipt(
        carrier_message_id=CARRIER_MESSAGE_ID,
        send_token="",
        status_code=None,
        status="",
        level=0,
        carrier_time=None,
    )


@pytest.mark.parametrize(
    ("written", "read"), [(1003, 1003), ("1004", 1004), (0, 0), (None, None), ("", None)]
)
def test_the_code_is_a_number_a_string_or_nothing(written: object, read: int | None) -> None:
    assert parsed(receipt(status_code=written)).status_code == read


@pytest.mark.parametrize("written", ["sent", 1003.5, True, -1, 2**31, "9" * 25, [], {}, "1 003"])
def test_a_code_that_is_none_is_refused(written: object) -> None:
    with pytest.raises(MalformedCallback, match="status_code is not a whole number"):
        parsed(receipt(status_code=written))


@pytest.mark.parametrize(
    ("written", "read"),
    [(1, 1), (2, 2), ("2", 2), (0, 0), (3, 0), (-1, 0), (True, 0), (None, 0), ("two", 0), ([], 0)],
)
def test_a_level_that_is_not_known_counts_as_not_said(written: object, read: int) -> None:
    assert parsed(receipt(level=written)).level == read


@pytest.mark.parametrize(
    ("written", "read"),
    [("delivered", "delivered"), (None, ""), (7, ""), ("\ud800", "\ufffd"), ("x" * 500, "x" * 128)],
)
def test_the_word_for_the_status_is_only_a_hint(written: object, read: str) -> None:
    assert parsed(receipt(status=written)).status == read


@pytest.mark.parametrize("send_token", ["c2VuZC10b2tlbg", "x" * 64, "A_z-9"])
def test_the_token_of_the_address_is_kept(send_token: str) -> None:
    assert parsed(receipt(), send_token).send_token == send_token


@pytest.mark.parametrize("send_token", ["x" * 65, "a b", "tökén", "a/b", "a.b", "a~b", "\x00"])
def test_a_token_that_was_never_given_out_is_refused(send_token: str) -> None:
    with pytest.raises(MalformedCallback, match="send token"):
        parsed(receipt(), send_token)


def test_a_message_at_this_address_is_refused_with_the_right_address() -> None:
    with pytest.raises(MalformedCallback, match="/api/message"):
        parsed(sms())


@pytest.mark.parametrize("value", [None, 5, "", "x" * 129])
def test_an_id_that_cannot_be_kept_is_refused(value: object) -> None:
    with pytest.raises(MalformedCallback, match="id is missing"):
        parsed(flat_message(id=value, type="delivery_receipt"))
