"""The forms of moments in Flowroute's payloads."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from simulator.timestamps import parse_timestamp, with_hundredths, with_microseconds, with_offset

MOMENT = datetime(2024, 10, 19, 1, 21, 21, 980_000, tzinfo=UTC)
WHOLE = MOMENT.replace(microsecond=0)


def test_each_payload_writes_moments_in_its_own_form() -> None:
    assert with_microseconds(MOMENT) == "2024-10-19T01:21:21.980000Z"
    assert with_microseconds(WHOLE) == "2024-10-19T01:21:21Z"
    assert with_hundredths(MOMENT) == "2024-10-19T01:21:21.98Z"
    assert with_hundredths(WHOLE) == "2024-10-19T01:21:21.00Z"
    assert with_offset(MOMENT) == "2024-10-19T01:21:21+00:00"


def test_all_forms_are_utc_wherever_the_clock_stands() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=-7)))
    for form in (with_microseconds, with_hundredths, with_offset):
        assert form(elsewhere) == form(MOMENT)


@pytest.mark.parametrize(
    "text",
    ["2024-10-19T01:21:21.98Z", "2024-10-19T01:21:21.980Z", "2024-10-19T01:21:21.980000000Z",
     "2024-10-19T01:21:21.98+00:00", "2024-10-18T18:21:21.98-07:00"],
)  # fmt: skip
def test_look_ups_take_every_form_that_clients_send(text: str) -> None:
    assert parse_timestamp(text) == MOMENT


def test_a_day_begins_at_midnight_utc() -> None:
    assert parse_timestamp("2024-10-19") == datetime(2024, 10, 19, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "today", "2024-13-01", "20241019", "2024-10-19T25:00:00Z", "2024-10-19T01:21:21"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_timestamp(text)
