import json

import pytest

from gateway.callbacks.delivery_receipt import parse_receipt
from gateway.problems import MalformedCallback
from maskline.ingest.v1 import ingest_pb2
from support.fakes.carrier_callbacks import flat_message, receipt, sms


def parse(callback: object, send_token: str = "") -> ingest_pb2.DeliveryReceipt:
    return parse_receipt(json.dumps(callback).encode(), send_token)


@pytest.mark.parametrize(
    ("posted", "code"), [(1003, "1003"), ("1004", "1004"), (0, "0"), (None, ""), ("", "")]
)
def test_the_code_is_a_number_a_string_or_absent(posted: object, code: str) -> None:
    assert parse(receipt(status_code=posted)).carrier_code == code


@pytest.mark.parametrize("posted", ["sent", 1003.5, True, -1, 2**31, "9" * 25, [], {}, "1 003"])
def test_a_code_that_is_not_valid_is_refused(posted: object) -> None:
    with pytest.raises(MalformedCallback, match="status_code is not a whole number"):
        parse(receipt(status_code=posted))


@pytest.mark.parametrize(
    ("posted", "status"),
    [("delivered", "delivered"), (None, ""), (7, ""), ("\ud800", "\ufffd"), ("x" * 500, "x" * 128)],
)
def test_a_status_that_is_not_valid_is_ignored(posted: object, status: str) -> None:
    assert parse(receipt(status=posted)).carrier_status == status


@pytest.mark.parametrize("send_token", ["c2VuZC10b2tlbg", "x" * 64, "A_z-9"])
def test_the_send_token_of_the_address_is_passed_on(send_token: str) -> None:
    assert parse(receipt(), send_token).send_token == send_token


@pytest.mark.parametrize("send_token", ["x" * 65, "a b", "tökén", "a/b", "a.b", "a~b", "\x00"])
def test_a_send_token_that_is_not_valid_is_refused(send_token: str) -> None:
    with pytest.raises(MalformedCallback, match="send token"):
        parse(receipt(), send_token)


def test_a_message_is_refused_with_the_address_of_messages() -> None:
    with pytest.raises(MalformedCallback, match="/api/message"):
        parse(sms())


@pytest.mark.parametrize("value", [None, 5, "", "x" * 129])
def test_an_id_that_is_not_valid_is_refused(value: object) -> None:
    with pytest.raises(MalformedCallback, match="id is missing"):
        parse(flat_message(id=value, type="delivery_receipt"))
