from runtime.backoff import backoff


def test_the_delay_doubles_from_the_first_attempt_up_to_the_longest() -> None:
    delays = [backoff(attempt, 0.1, 1.0) for attempt in (-1, 0, 1, 2, 3, 4, 5, 10_000)]
    assert delays == [0.1, 0.1, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_jitter_is_the_share_of_the_delay_that_is_random() -> None:
    delays = [backoff(3, 1.0, 60.0, jitter=0.5) for _ in range(200)]
    assert all(2.0 < delay <= 4.0 for delay in delays)
    assert max(delays) - min(delays) > 1.0
