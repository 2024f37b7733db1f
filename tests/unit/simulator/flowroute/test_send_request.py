"""The body of `POST /messages`, in both shapes."""

import json
from collections.abc import Callable
from http import HTTPStatus

import pytest

from simulator.flowroute.errors import FlowrouteError
from simulator.flowroute.send_request import MAX_BODY_CHARACTERS, parse_send_request
from simulator.record_factory import SendRequest

Shape = Callable[..., bytes]

FIELDS: dict[str, object] = {"to": "+14255550111", "from": "+12065550100", "body": "hi"}


def flat(**changes: object) -> bytes:
    return json.dumps({**FIELDS, **changes}).encode()


def json_api(**changes: object) -> bytes:
    attributes = {**FIELDS, **changes}
    return json.dumps({"data": {"type": "message", "attributes": attributes}}).encode()


def refusal(body: bytes) -> FlowrouteError:
    with pytest.raises(FlowrouteError) as caught:
        parse_send_request(body)
    return caught.value


@pytest.mark.parametrize("shape", [flat, json_api])
def test_both_shapes_ask_for_the_same(shape: Shape) -> None:
    body = shape(dlr_callback="https://example.net/dlr/token")
    assert parse_send_request(body) == SendRequest(
        from_number="+12065550100",
        to_number="+14255550111",
        body="hi",
        receipt_url="https://example.net/dlr/token",
    )


@pytest.mark.parametrize("number", ["14255550111", "4255550111"])
def test_numbers_may_lack_their_plus_and_country_code(number: str) -> None:
    assert parse_send_request(flat(to=number)) == parse_send_request(flat())


def test_an_mms_needs_no_body() -> None:
    body = json.dumps(
        {"to": FIELDS["to"], "from": FIELDS["from"], "media_urls": ["https://example.net/m/1.jpg"]}
    ).encode()
    outgoing = parse_send_request(body)
    assert (outgoing.is_mms, outgoing.body) == (True, "")
    [media] = outgoing.media
    assert (media.url, media.mime_type) == ("https://example.net/m/1.jpg", "image/jpeg")


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), ("true", True), ("False", False), (False, False)]
)
def test_is_mms_may_be_a_word_as_in_flowroutes_own_sdk(value: object, expected: bool) -> None:
    assert parse_send_request(json_api(is_mms=value)).is_mms is expected


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'"text"', b"[]", b"[" * 60_000])
def test_what_is_no_json_object_is_a_bad_request(body: bytes) -> None:
    assert refusal(body).status is HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("name", ["to", "from", "body"])
@pytest.mark.parametrize("shape", [flat, json_api])
def test_a_missing_field_is_named(shape: Shape, name: str) -> None:
    error = refusal(shape(**{name: None}))
    assert error.status is HTTPStatus.UNPROCESSABLE_ENTITY
    assert error.detail == f"'{name}' is required."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("to", "911"), ("to", 14255550111), ("to", ["+14255550111"]), ("from", "nobody"),
        ("body", 7), ("body", "\ud800"), ("body", "a" * (MAX_BODY_CHARACTERS + 1)),
        ("media_urls", "https://example.net/1.jpg"), ("media_urls", ["ftp://example.net/1"]),
        ("media_urls", ["https://example.net/1.jpg"] * 11), ("media_urls", [None]),
        ("dlr_callback", "not a url"), ("dlr_callback", 1), ("dlr_callback", "http://[::1"),
        ("dlr_callback", "javascript:alert(1)"), ("is_mms", "maybe"), ("is_mms", 1),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_form_is_named_and_not_repeated(name: str, value: object) -> None:
    error = refusal(json_api(**{name: value}))
    assert error.status is HTTPStatus.UNPROCESSABLE_ENTITY
    assert f"'{name}'" in error.detail
    assert str(value) not in error.detail


@pytest.mark.parametrize("data", [None, [], "message", {}, {"attributes": None}])
def test_data_without_attributes_is_refused(data: object) -> None:
    error = refusal(json.dumps({"data": data}).encode())
    assert "'data.attributes'" in error.detail
