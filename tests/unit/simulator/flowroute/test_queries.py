"""Query parameters of the look-ups."""

from datetime import UTC, datetime

import pytest
from starlette.datastructures import QueryParams

from simulator.flowroute.errors import FlowrouteError
from simulator.flowroute.queries import (
    MESSAGES_DEFAULT,
    MESSAGES_MAX,
    NUMBERS_DEFAULT,
    NUMBERS_MAX,
    Page,
    messages_page,
    numbers_page,
    time_range,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("", Page(MESSAGES_DEFAULT, 0)),
        ("limit=1&offset=7", Page(1, 7)),
        (f"limit={MESSAGES_MAX}", Page(MESSAGES_MAX, 0)),
        # Flowroute takes a limit "as high as you want"; what does not fit is on the next page.
        (f"limit={MESSAGES_MAX + 1}", Page(MESSAGES_MAX, 0)),
    ],
)
def test_a_page_of_messages_keeps_to_its_limit(query: str, page: Page) -> None:
    assert messages_page(QueryParams(query)) == page


@pytest.mark.parametrize(
    ("query", "page"),
    [("", Page(NUMBERS_DEFAULT, 0)), (f"limit={NUMBERS_MAX}&offset=1", Page(NUMBERS_MAX, 1))],
)
def test_a_page_of_numbers_has_10_and_at_most_200(query: str, page: Page) -> None:
    assert numbers_page(QueryParams(query)) == page


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize("value", ["", "-1", "+1", "1.0", "x", "\u0661", "1" * 10])
def test_a_wrong_number_is_named_and_not_repeated(name: str, value: str) -> None:
    query = QueryParams({name: value})
    for page in (messages_page, numbers_page):
        with pytest.raises(FlowrouteError) as caught:
            page(query)
        least = 1 if name == "limit" else 0
        assert caught.value.detail == f"'{name}' must be a whole number, at least {least}."


def test_a_page_of_more_than_200_numbers_is_refused() -> None:
    with pytest.raises(FlowrouteError, match="at most 200"):
        numbers_page(QueryParams(f"limit={NUMBERS_MAX + 1}"))


def test_without_an_end_a_look_up_reaches_until_now() -> None:
    start, end = time_range(QueryParams("start_date=2026-11-23"), NOW)
    assert (start, end) == (datetime(2026, 11, 23, tzinfo=UTC), NOW)


@pytest.mark.parametrize(
    ("start", "end"),
    [("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"), ("9999-12-31", "0001-01-01")],
)
def test_the_ends_of_time_can_be_compared(start: str, end: str) -> None:
    first, last = time_range(QueryParams({"start_date": start, "end_date": end}), NOW)
    assert (first <= NOW <= last) is (start < end)


def test_a_missing_start_is_named() -> None:
    with pytest.raises(FlowrouteError, match="'start_date' is required"):
        time_range(QueryParams("end_date=2026-11-23"), NOW)
