"""Whatever is posted to `/messages`, reading it ends with a message or with a documented error."""

import json
import re
from http import HTTPStatus

from hypothesis import given
from hypothesis import strategies as st

from simulator.flowroute.errors import FlowrouteError
from simulator.flowroute.send_request import MAX_BODY_CHARACTERS, parse_send_request
from simulator.media.attachments import MAX_MEDIA
from simulator.record_factory import SendRequest

E164 = re.compile(r"\+[1-9][0-9]{7,14}")
# JSON can escape halves of surrogate pairs, which no UTF-8 can hold.
ANY_STRING = st.text() | st.text(st.characters(categories=["Cs"]), min_size=1)
TELLING = st.sampled_from(
    ["+14255550111", "12065550100", "2065550100", "https://example.net/1.jpg", "http://[", "true"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANY_STRING | TELLING
NAMES = st.sampled_from(["to", "from", "body", "media_urls", "is_mms", "dlr_callback"])
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            NAMES | st.sampled_from(["data", "attributes"]) | ANY_STRING, inner, max_size=6
        )
    ),
    max_leaves=20,
)
FIELDS = st.dictionaries(NAMES, ANY_JSON, max_size=6) | st.fixed_dictionaries({"body": ANY_STRING})
MESSAGE = {"to": "+14255550111", "from": "+12065550100", "body": "hi"}


def read(body: bytes) -> SendRequest | FlowrouteError:
    try:
        return parse_send_request(body)
    except FlowrouteError as error:
        return error


def assert_message_or_error(read: SendRequest | FlowrouteError) -> None:
    """Nothing half understood, and no error that the documentation does not have."""
    if isinstance(read, FlowrouteError):
        assert read.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
        assert read.detail.endswith(".")
        return
    assert E164.fullmatch(read.from_number)
    assert E164.fullmatch(read.to_number)
    assert read.body or read.media
    assert len(read.body.encode().decode()) <= MAX_BODY_CHARACTERS
    assert len(read.media) <= MAX_MEDIA
    assert read.is_mms or not read.media


@given(ANY_JSON)
def test_any_json_is_understood_or_refused(document: object) -> None:
    assert_message_or_error(read(json.dumps(document).encode()))


@given(FIELDS)
def test_any_fields_are_understood_or_refused_and_alike_in_both_shapes(
    changes: dict[str, object],
) -> None:
    fields = {**MESSAGE, **changes}
    flat = read(json.dumps(fields).encode())
    wrapped = read(json.dumps({"data": {"type": "message", "attributes": fields}}).encode())
    assert_message_or_error(flat)
    if isinstance(flat, FlowrouteError):
        assert isinstance(wrapped, FlowrouteError)
        assert (wrapped.status, wrapped.detail) == (flat.status, flat.detail)
    else:
        assert repr(wrapped) == repr(flat)


@given(st.binary())
def test_any_bytes_are_refused_or_understood(body: bytes) -> None:
    assert_message_or_error(read(body))
