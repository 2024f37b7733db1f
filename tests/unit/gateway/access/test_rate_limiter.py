import pytest

from gateway.access.rate_limiter import ClientRateLimiter

ALICE, BOB, CAROL = b"a", b"b", b"c"


def allowed(limiter: ClientRateLimiter, client: bytes, now: float, requests: int) -> int:
    return sum(limiter.allow(client, now) for _ in range(requests))


@pytest.mark.parametrize(("later", "passed"), [(0.4, 0), (0.5, 1), (1.0, 2), (2.5, 5), (1e9, 5)])
def test_a_bucket_holds_a_burst_and_refills_with_time(later: float, passed: int) -> None:
    limiter = ClientRateLimiter(2, burst=5)
    assert allowed(limiter, ALICE, 100.0, requests=20) == 5
    assert allowed(limiter, ALICE, 100.0 + later, requests=20) == passed


def test_a_client_at_the_rate_is_never_refused() -> None:
    limiter = ClientRateLimiter(4, burst=1)
    assert all(limiter.allow(ALICE, 100 + step / 4) for step in range(100))


def test_the_least_recently_seen_client_is_forgotten_first() -> None:
    limiter = ClientRateLimiter(1, burst=1, client_limit=2)
    clients = (ALICE, BOB, ALICE, CAROL, ALICE, BOB)
    assert [limiter.allow(client, 100.0) for client in clients] == [1, 1, 0, 1, 0, 1]
