from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from messaging_service.limits.rate_limiter import (
    MAX_PENALTY,
    MIN_PENALTY,
    AccountRates,
    RateLimiter,
)
from messaging_service.model.errors import BackendUnavailable
from messaging_service.model.message import CampaignBudget, OutboundMessage
from runtime.redis.client import open_redis
from support.clock import ManualClock
from support.net.ports import free_port

RATES = AccountRates(sms_per_second=5, mms_per_second=1, lookups_per_second=2)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def replicas(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[list[RateLimiter]]:
    """Two, each with its own connections."""
    async with aclosing(open_redis(redis_url)) as another:
        yield [RateLimiter(redis, clock, RATES), RateLimiter(another, clock, RATES)]


@pytest.fixture
def limiter(redis: Redis, clock: ManualClock) -> RateLimiter:
    return RateLimiter(redis, clock, RATES)


def text(pool: str = "main", *, a_minute: int = 0, a_day: int = 0) -> OutboundMessage:
    budget = CampaignBudget(segments_per_minute=a_minute, segments_per_day=a_day)
    route = ("+12065550100", "+14255550111")
    return OutboundMessage("m1", pool, *route, body="hello", campaign_budget=budget)


async def test_a_message_that_waited_for_its_delay_is_let_through(
    redis: Redis, clock: ManualClock
) -> None:
    thirds = RateLimiter(redis, clock, AccountRates(3, 1, 1))
    for _ in range(20):
        wait = await thirds.acquire(text(), 2)
        if wait is not None:
            # Clocks tell whole milliseconds.
            assert wait % timedelta(milliseconds=1) == timedelta(0)
            clock.move(seconds=wait.total_seconds())
            assert await thirds.acquire(text(), 2) is None


async def test_messages_count_by_segments_and_mms_and_lookups_have_rates_of_their_own(
    limiter: RateLimiter,
) -> None:
    assert await limiter.acquire(text(), 0) is None
    assert await limiter.acquire(text(), 0) == SECOND
    assert await limiter.acquire(text(), 3) is None
    assert await limiter.acquire(text(), 2) is None
    assert await limiter.acquire(text(), 1) == SECOND / 5
    assert [await limiter.acquire_lookup() for _ in range(3)] == [None, None, SECOND / 2]


async def test_a_pools_budget_holds_for_the_minute_and_all_replicas(
    replicas: list[RateLimiter], clock: ManualClock
) -> None:
    clock.move(seconds=40)
    for each in replicas:
        assert await each.acquire(text(a_minute=2), 1) is None
    # An MMS counts as one segment.
    assert await replicas[0].acquire(text(a_minute=2), 0) == 20 * SECOND
    assert await replicas[0].acquire(text("other", a_minute=1), 1) is None
    assert await replicas[0].acquire(text("third"), 1) is None
    clock.move(seconds=20)
    assert await replicas[0].acquire(text(a_minute=1), 0) is None
    assert await replicas[0].acquire(text(a_minute=1), 1) == 60 * SECOND


async def test_a_pools_budget_holds_for_the_day_of_utc(
    limiter: RateLimiter, clock: ManualClock
) -> None:
    assert clock.now().hour == 12
    assert await limiter.acquire(text(a_day=2), 2) is None
    assert await limiter.acquire(text(a_day=2), 1) == timedelta(hours=12)
    clock.move(hours=12)
    assert await limiter.acquire(text(a_day=2), 1) is None


async def test_after_a_429_no_replica_sends_sms_or_mms(
    replicas: list[RateLimiter], clock: ManualClock
) -> None:
    first, second = replicas
    assert await first.penalise(2 * SECOND) == 2 * SECOND
    for each in replicas:
        assert await each.acquire(text(), 1) == 2 * SECOND
        assert await each.acquire(text(), 0) == 2 * SECOND
        assert await each.acquire_lookup() is None
    clock.move(seconds=2)
    assert await second.acquire(text(), 1) is None
    assert await second.acquire(text(), 0) is None
    # However long the carrier asks to wait, it is within bounds.
    assert await first.penalise(timedelta(0)) == 2 * MIN_PENALTY
    assert await first.penalise(timedelta(hours=1)) == MAX_PENALTY


async def test_no_message_is_admitted_while_redis_does_not_answer(clock: ManualClock) -> None:
    async with aclosing(open_redis(f"redis://127.0.0.1:{free_port()}/0")) as unreachable:
        limiter = RateLimiter(unreachable, clock, RATES)
        with pytest.raises(BackendUnavailable):
            await limiter.acquire(text(), 1)
        with pytest.raises(BackendUnavailable):
            await limiter.acquire_lookup()
        with pytest.raises(BackendUnavailable):
            await limiter.penalise(SECOND)
