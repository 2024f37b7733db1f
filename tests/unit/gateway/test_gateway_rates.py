"""How often each source may call."""

import pytest

from gateway.access.rate_limiter import ClientRateLimiter

ALICE, BOB, CAROL = b"a", b"b", b"c"


def taken(rates: ClientRateLimiter, source: bytes, now: float, tries: int) -> int:
    return sum(rates.takes(source, now) for _ in range(tries))


def test_a_burst_passes_and_no_more() -> None:
    assert taken(ClientRateLimiter(2, burst=5), ALICE, 100.0, tries=20) == 5


@pytest.mark.parametrize(("later", "passed"), [(0.4, 0), (0.5, 1), (1.0, 2), (2.5, 5), (1e9, 5)])
def test_a_bucket_fills_again_with_time_up_to_its_burst(later: float, passed: int) -> None:
    rates = ClientRateLimiter(2, burst=5)
    taken(rates, ALICE, 100.0, tries=20)
    assert taken(rates, ALICE, 100.0 + later, tries=20) == passed


def test_who_goes_on_at_the_rate_is_never_refused() -> None:
    rates = ClientRateLimiter(4, burst=1)
    assert all(rates.takes(ALICE, 100 + step / 4) for step in range(100))


def test_no_source_takes_from_another() -> None:
    rates = ClientRateLimiter(1, burst=2)
    assert taken(rates, ALICE, 100.0, tries=10) == 2
    assert taken(rates, BOB, 100.0, tries=10) == 2


def test_the_one_that_has_been_silent_for_longest_is_forgotten_first() -> None:
    rates = ClientRateLimiter(1, burst=1, source_limit=2)
    assert rates.takes(ALICE, 100.0)
    assert rates.takes(BOB, 100.0)
    assert not rates.takes(ALICE, 100.0)
    assert rates.takes(CAROL, 100.0)
    assert not rates.takes(ALICE, 100.0)
    assert rates.takes(BOB, 100.0)
