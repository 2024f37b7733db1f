"""Exponential delays."""

import pytest

from runtime.backoff import backoff


def test_the_delay_doubles_up_to_the_longest() -> None:
    delays = [backoff(attempt, 0.1, 1.0) for attempt in range(1, 7)]
    assert delays == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


@pytest.mark.parametrize("attempt", [0, -1])
def test_an_attempt_below_one_counts_as_the_first(attempt: int) -> None:
    assert backoff(attempt, 0.1, 1.0) == 0.1


def test_any_number_of_attempts_has_a_delay() -> None:
    assert backoff(10_000, 0.1, 5.0) == 5.0


def test_jitter_is_the_share_of_the_delay_that_is_random() -> None:
    delays = [backoff(3, 1.0, 60.0, jitter=0.5) for _ in range(200)]
    assert all(2.0 < delay <= 4.0 for delay in delays)
    assert max(delays) - min(delays) > 1.0
