"""The machine's clock as services see it."""

from datetime import UTC, datetime, timedelta

from runtime.clock import SystemClock


def test_it_tells_the_present_moment_in_whole_milliseconds() -> None:
    before = datetime.now(UTC)
    told = [SystemClock().now() for _ in range(20)]
    after = datetime.now(UTC)
    assert all(before - timedelta(milliseconds=1) < one <= after for one in told)
    assert all(one.tzinfo is UTC and one.microsecond % 1000 == 0 for one in told)
