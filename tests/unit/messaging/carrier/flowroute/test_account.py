import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskline.messaging.v1 import carrier_pb2 as pb
from messaging_service.carrier.flowroute.account import callbacks_check, read_callback, read_numbers
from messaging_service.carrier.flowroute.http import Reply, read_error
from messaging_service.carrier.port import (
    CarrierNumber,
    CheckOutcome,
    NumbersPage,
    NumberType,
    Page,
)
from messaging_service.model.errors import (
    CarrierCredentialsRejected,
    CarrierRateLimited,
    CarrierRequestRejected,
    CarrierUnavailable,
    InvalidArgument,
    MessagingError,
)
from messaging_service.rpc import account as mapping

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PAGE = Page(limit=3, offset=40)
NUMBER = CarrierNumber("+12065550100")
LONGCODE = CarrierNumber("+12065550100", NumberType.LONG_CODE, messaging_enabled=True)
DOCUMENTED = {
    "type": "number",
    "id": "12065550100",
    "attributes": {
        "value": "12065550100",
        "alias": None,
        "number_type": "longcode",
        "rate_center": "seattle",
        "cnam_lookups_enabled": True,
        "messaging_enabled": True,
    },
    "links": {"self": "https://api.flowroute.com/v2/numbers/12065550100"},
}
MALFORMED = [
    *(b"", b"<html>maintenance</html>", b"null", b"7", b'"data"', b"[]", b"{}", b"\xff"),
    *(b'{"data":null}', b'{"data":7}', b'{"data":"12065550100"}', b"[" * 60_000, b"9" * 5_000),
    b'{"errors":[{"status":500}]}',
]


def numbers(*entries: object, links: object = None) -> NumbersPage:
    body = {"data": entries} | ({} if links is None else {"links": links})
    page = read_numbers(json.dumps(body).encode(), PAGE)
    assert page is not None
    return page


def number(**attributes: object) -> dict[str, object]:
    return {"type": "number", "attributes": attributes}


def test_a_documented_number_is_read_whatever_else_it_holds() -> None:
    assert numbers(DOCUMENTED, links={"self": "x"}) == NumbersPage((LONGCODE,))
    assert "555" not in repr(numbers(DOCUMENTED))


def test_missing_and_malformed_fields_of_a_number_are_left_out() -> None:
    toll_free = number(value="18005550100", number_type="toll-free", messaging_enabled=False)
    rows: list[tuple[object, CarrierNumber]] = [
        *(({"id": value}, NUMBER) for value in ("12065550100", 12065550100)),
        ({"id": "12065550100", "attributes": None}, NUMBER),
        ({"id": "12065550100", "attributes": {"value": None}}, NUMBER),
        ({"id": "12065550100", "attributes": {"value": "?"}}, NUMBER),
        *((number(value=v), NUMBER) for v in ("+12065550100", "2065550100", " 12065550100 ")),
        # With a plus, ten digits are a whole number.
        (number(value="+2065550100"), CarrierNumber("+2065550100")),
        (toll_free, CarrierNumber("+18005550100", NumberType.TOLL_FREE, messaging_enabled=False)),
        (number(value="12065550100", number_type=None, messaging_enabled="yes"), NUMBER),
        (number(value="12065550100", number_type="\ud800"), NUMBER),
        # A word that was added later.
        (number(value="12065550100", number_type="satellite"), NUMBER),
    ]
    for entry, read in rows:
        assert numbers(entry) == NumbersPage((read,)), entry


def test_an_entry_that_is_no_number_is_skipped_and_counted() -> None:
    entries: list[object] = [
        *(None, 7, "12065550100", [], {}, {"attributes": {}}, number(value=True, id=True)),
        *(number(value="911"), number(value="1206555010x"), number(value="0" * 11)),
        *(number(value="1" * 16), number(value="++12065550100"), number(value="\u0661" * 11)),
        {**DOCUMENTED, "type": "port_order"},
    ]
    for entry in entries:
        assert numbers(entry, DOCUMENTED) == NumbersPage((LONGCODE,), skipped=1), entry


@pytest.mark.parametrize(
    ("entries", "links", "next_offset"),
    [
        (3, {"next": "https://api.flowroute.com/v2/numbers?offset=9"}, 43),
        # A carrier with shorter pages than were requested.
        (2, {"next": "x"}, 42),
        (3, {"self": "x"}, None),
        (3, {"next": None}, None),
        (3, None, 43),
        (3, [], 43),
        (2, None, None),
        # More than was requested: the rest is on the next page.
        (5, {"self": "x"}, 43),
        (0, {"next": "x"}, None),
    ],
)
def test_the_next_page_begins_where_this_one_ended(
    entries: int, links: object, next_offset: int | None
) -> None:
    page = numbers(*[DOCUMENTED] * entries, links=links)
    assert page.next_offset == next_offset
    assert len(page.numbers) == min(entries, PAGE.limit)
    # Skipped entries count too.
    page = numbers({}, {}, DOCUMENTED, links={"next": "x"})
    assert page == NumbersPage((LONGCODE,), next_offset=43, skipped=2)


@pytest.mark.parametrize("content", MALFORMED)
def test_a_malformed_answer_is_not_read_as_an_empty_one(content: bytes) -> None:
    for page in (content, b'{"data":{}}'):
        assert read_numbers(page, PAGE) is None
    for callback in (content, b'{"data":[]}'):
        assert read_callback(callback) is None


URL = "https://relay.example/api/message"


@pytest.mark.parametrize(
    ("attributes", "callback"),
    [
        ({"api_version": "v2.1", "callback_url": URL, "new": {}}, URL),
        ({"api_version": 2.1, "callback_url": None}, ""),
        ({"api_version": True, "callback_url": []}, ""),
        ({"callback_url": "https://x/\udfff"}, "https://x/?"),
        (None, ""),
    ],
)
def test_a_callback_is_read_with_any_fields(attributes: object, callback: str) -> None:
    body = {"data": {"type": "callback", "attributes": attributes}}
    assert read_callback(json.dumps(body).encode()) == callback
    assert read_callback(b'{"data": {}}') == ""


@pytest.mark.parametrize(
    ("url", "outcome", "finding"),
    [
        ("", CheckOutcome.WARNED, f"sms_callback is not set; expected {URL}"),
        (
            "https://user:a-token@elsewhere.example.com/a-token?x=a-token",
            CheckOutcome.WARNED,
            "sms_callback is set to https://elsewhere.example.com/...",
        ),
        ("https://[a-token", CheckOutcome.WARNED, "set to a malformed URL"),
        (URL, CheckOutcome.PASSED, "set to the gateway's URL"),
        (f"{URL}/a-token", CheckOutcome.PASSED, "with a callback token"),
    ],
)
def test_callbacks_are_compared_with_the_expected_url_and_shown_without_their_secrets(
    url: str, outcome: CheckOutcome, finding: str
) -> None:
    check = callbacks_check({"sms_callback": url}, URL)
    assert check.outcome is outcome
    assert finding in check.finding
    assert "a-token" not in check.finding


NAMES = st.sampled_from(["data", "attributes", "value", "id", "type", "links", "next"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner),
    max_leaves=12,
)


@given(content=st.binary(max_size=100) | JSON.map(lambda value: json.dumps(value).encode()))
def test_every_answer_can_be_read_and_mapped(content: bytes) -> None:
    page, callback = read_numbers(content, PAGE), read_callback(content)
    if page:
        mapping.numbers_to_proto(page)
    if callback is not None:
        mapping.checks_to_proto([callbacks_check({"sms_callback": callback}, URL)])


def test_every_status_but_2xx_is_an_error_of_a_known_type() -> None:
    special: dict[int, type[MessagingError]] = {
        401: CarrierCredentialsRejected,
        403: CarrierCredentialsRejected,
        429: CarrierRateLimited,
    }
    for status in range(100, 600):
        error = read_error(Reply(status, {}, b""), NOW)
        if 200 <= status < 300:
            assert error is None, status
        else:
            other = CarrierRequestRejected if 400 <= status < 500 else CarrierUnavailable
            assert type(error) is special.get(status, other), status


@pytest.mark.parametrize(("status", "seconds"), [(429, 1), (503, 5), (500, 5), (302, 5)])
def test_a_transient_error_has_a_retry_delay(status: int, seconds: int) -> None:
    for headers, expected in (({}, seconds), ({"retry-after": "30"}, 30)):
        error = read_error(Reply(status, headers, b""), NOW)
        assert error is not None
        assert error.retry_after == timedelta(seconds=expected)


def test_a_page_has_at_most_what_the_contract_says() -> None:
    for size, token, page in (
        *((0, "", Page(200, 0)), (1, "", Page(1, 0)), (200, "7", Page(200, 7))),
        *((201, "0", Page(200, 0)), (2**31 - 1, "999999999", Page(200, 999_999_999))),
    ):
        request = pb.ListCarrierNumbersRequest(page_size=size, page_token=token)
        assert mapping.page_from_proto(request) == page


@pytest.mark.parametrize(
    ("size", "token", "fields"),
    [
        (-1, "", ["page_size"]),
        *((1, token, ["page_token"]) for token in ("-1", "x", " 1", "1.0", "\u0661", "1" * 10)),
        (-(2**31), "+1", ["page_size", "page_token"]),
    ],
)
def test_an_invalid_page_is_refused_by_the_names_of_its_fields(
    size: int, token: str, fields: list[str]
) -> None:
    request = pb.ListCarrierNumbersRequest(page_size=size, page_token=token)
    with pytest.raises(InvalidArgument) as caught:
        mapping.page_from_proto(request)
    assert [violation.field for violation in caught.value.violations] == fields


def test_messaging_enabled_is_absent_if_the_carrier_did_not_state_it() -> None:
    page = NumbersPage((LONGCODE, CarrierNumber("+12065550101")), next_offset=0)
    response = mapping.numbers_to_proto(page)
    assert [each.HasField("messaging_enabled") for each in response.carrier_numbers] == [
        True,
        False,
    ]
    assert response.next_page_token == "0"
