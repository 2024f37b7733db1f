"""Times as they are stored."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from conversation_service.store.keyspace.timestamps import (
    from_ms,
    optional_ms,
    optional_time,
    span_ms,
    to_ms,
)

NOW = datetime(2026, 11, 23, 12, 0, 0, 123000, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


@given(TIMES)
def test_a_time_is_kept_to_the_millisecond(time: datetime) -> None:
    assert timedelta(0) <= time - from_ms(to_ms(time)) < MILLISECOND
    assert optional_time(optional_ms(time)) == from_ms(to_ms(time))


def test_times_are_milliseconds_since_1970() -> None:
    assert to_ms(NOW) == int(NOW.timestamp() * 1000)
    assert from_ms(to_ms(NOW)) == NOW
    assert (optional_ms(None), optional_time(None)) == (None, None)


def test_a_time_to_live_is_at_least_a_millisecond() -> None:
    assert span_ms(timedelta(seconds=90)) == 90_000
    for span in (timedelta(0), timedelta(microseconds=999), timedelta(seconds=-1)):
        assert span_ms(span) == 1
