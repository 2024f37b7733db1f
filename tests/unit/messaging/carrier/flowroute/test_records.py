import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_service.carrier.flowroute.records import parse_time, read_records
from messaging_service.carrier.port import CarrierRecord, Direction, Page, RecordsPage
from messaging_service.model.carrier_ids import is_carrier_id
from messaging_service.model.message import Attachment

PAGE = Page(limit=10, offset=20)
INBOUND, OUTBOUND = Direction.INBOUND, Direction.OUTBOUND
# As it was logged, with the numbers changed.
ATTRIBUTES: dict[str, object] = {
    "body": "hi",
    "status": "message buffered",
    "direction": "outbound",
    "amount_nanodollars": 4000000,
    "to": "14255550111",
    "from": "12065550100",
    "message_encoding": 0,
    "timestamp": "2017-12-21T16:44:34.93Z",
    "delivery_receipts": [{"status": "smsc submit", "status_code": None, "level": 1}],
    "amount_display": "$0.0040",
    "is_mms": False,
    "message_type": "longcode",
}
LOGGED = {"attributes": ATTRIBUTES, "type": "message", "id": "mdr2-0001"}
PICTURE = {
    "attributes": {**ATTRIBUTES, "body": None, "direction": "inbound", "is_mms": True},
    "relationships": {"media": {"data": [{"id": "f2", "type": "media"}, {"id": "f9"}]}},
    "type": "message",
    "id": "mdr2-0002",
}
IMAGE = {"url": "https://store.example/2", "mime_type": "image/png", "file_size": 14832}
FILES = [
    {"id": "f1", "type": "media", "attributes": {"url": "https://store.example/1"}},
    {"id": "f2", "type": "media", "attributes": {**IMAGE, "file_name": "image000000.png"}},
]


def read(*entries: object, direction: Direction = OUTBOUND, **others: object) -> RecordsPage:
    body = {"data": entries, **others}
    page = read_records(json.dumps(body).encode(), direction, PAGE)
    assert page is not None
    return page


def test_a_logged_record_is_read() -> None:
    time = datetime(2017, 12, 21, 16, 44, 34, 930_000, tzinfo=UTC)
    record = CarrierRecord("mdr2-0001", "+12065550100", "+14255550111", "hi", time, is_mms=False)
    page = read(LOGGED, PICTURE, links={})
    assert page == RecordsPage((record,))
    assert not any(secret in repr(page) for secret in ("5550", "'hi'"))


def test_a_picture_alone_has_an_empty_body_and_the_files_that_belong_to_it() -> None:
    [record] = read(LOGGED, PICTURE, direction=INBOUND, included=FILES).records
    assert (record.body, record.is_mms) == ("", True)
    assert record.attachments == (Attachment("https://store.example/2", "image/png", 14832),)


@pytest.mark.parametrize(
    ("changes", "skipped"),
    [
        ({}, 0),
        ({"from": "+12065550100", "to": 14255550111}, 0),
        ({"timestamp": "yesterday"}, 0),
        ({"to": "a person"}, 1),
        ({"from": None}, 1),
        ({"direction": None}, 1),
        ({"direction": "sideways"}, 1),
        ({"direction": "inbound", "to": "a person"}, 0),
    ],
)
def test_unreadable_records_that_may_be_ours_are_counted(
    changes: dict[str, object], skipped: int
) -> None:
    assert read({**LOGGED, "attributes": {**ATTRIBUTES, **changes}}).skipped == skipped


@pytest.mark.parametrize("carrier_id", [None, "", True, {}])
def test_a_record_without_an_id_is_skipped(carrier_id: object) -> None:
    page = read({**LOGGED, "id": carrier_id})
    assert (page.skipped, page.records) == (1, ())


@pytest.mark.parametrize("carrier_id", [7.5, "x" * 129, "mdr2 1", "+14255550111"])
def test_a_record_with_a_malformed_id_gets_the_same_hashed_id_each_time(carrier_id: object) -> None:
    first, second = [read({**LOGGED, "id": carrier_id}, LOGGED) for _ in range(2)]
    assert first == second
    assert first.skipped == 0
    hashed, plain = (record.carrier_message_id for record in first.records)
    assert is_carrier_id(hashed)
    assert str(carrier_id) not in hashed
    assert plain == LOGGED["id"]


@pytest.mark.parametrize(
    ("count", "links", "next_offset"),
    [
        (10, {"next": "https://api.flowroute.com/v2.2/messages?offset=30"}, 30),
        (5, {"next": "https://api.flowroute.com/v2.2/messages?offset=25"}, 25),
        (10, {}, None),
        (10, None, 30),
        (12, None, 30),
        (9, None, None),
        (0, {"next": "https://api.flowroute.com/v2.2/messages?offset=20"}, None),
    ],
)
def test_a_page_reports_whether_there_is_another(
    count: int, links: object, next_offset: int | None
) -> None:
    body = {"data": [LOGGED] * count} | ({} if links is None else {"links": links})
    page = read_records(json.dumps(body).encode(), OUTBOUND, PAGE)
    assert page is not None
    assert page.next_offset == next_offset


@pytest.mark.parametrize("body", [None, [], {}, {"data": None}, {"data": {}}, "text"])
def test_a_malformed_page_is_none(body: object) -> None:
    assert read_records(json.dumps(body).encode(), OUTBOUND, PAGE) is None


@pytest.mark.parametrize(
    ("written", "microsecond"),
    [
        ("2017-12-21T16:44:34Z", 0),
        ("2017-12-21T16:44:34.9Z", 900_000),
        ("2017-12-21T16:44:34.930000Z", 930_000),
        ("2017-12-21T16:44:34.1234567Z", 123_456),
        ("2017-12-21T17:44:34+01:00", 0),
        ("2017-12-21T16:44:34", 0),
    ],
)
def test_a_time_may_have_any_fraction_and_offset(written: str, microsecond: int) -> None:
    assert parse_time(written) == datetime(2017, 12, 21, 16, 44, 34, microsecond, tzinfo=UTC)


@pytest.mark.parametrize("written", [None, "", "soon", 7, "0001-01-01T00:00:00+14:00", {}])
def test_a_malformed_time_is_none(written: object) -> None:
    assert parse_time(written) is None


NAMES = st.sampled_from([*ATTRIBUTES, *LOGGED, "data"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["inbound", "media"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(entries=st.lists(JSON, max_size=4), included=JSON)
def test_every_page_of_entries_can_be_read(entries: list[object], included: object) -> None:
    for direction in Direction:
        read(*entries, direction=direction, included=included)
