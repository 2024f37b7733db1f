from datetime import UTC, datetime, timedelta

from runtime.clock import SystemClock


def test_the_time_is_in_utc_and_whole_milliseconds() -> None:
    before = datetime.now(UTC)
    times = [SystemClock().now() for _ in range(20)]
    after = datetime.now(UTC)
    assert all(before - timedelta(milliseconds=1) < time <= after for time in times)
    assert all(time.tzinfo is UTC and time.microsecond % 1000 == 0 for time in times)
