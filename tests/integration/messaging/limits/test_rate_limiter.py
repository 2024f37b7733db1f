from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from messaging_service.limits.rate_limiter import MAX_PENALTY, AccountRates, RateLimiter
from messaging_service.model.errors import BackendUnavailable
from messaging_service.model.message import CampaignBudget, OutboundMessage
from runtime.redis.client import open_redis
from support.net.ports import free_port
from support.rate_time import acquire, pass_rate_time

# So slow that the time a test takes does not count.
RATES = AccountRates(sms_per_second=0.01, mms_per_second=0.01, lookups_per_second=0.02)
UNIT = timedelta(seconds=100 / 0.95)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def replicas(redis: Redis, redis_url: str) -> AsyncIterator[list[RateLimiter]]:
    """Two, each with its own connections."""
    async with aclosing(open_redis(redis_url)) as another:
        yield [RateLimiter(redis, RATES), RateLimiter(another, RATES)]


@pytest.fixture
def limiter(redis: Redis) -> RateLimiter:
    return RateLimiter(redis, RATES)


def text(pool: str = "main", *, a_minute: int = 0, a_day: int = 0) -> OutboundMessage:
    budget = CampaignBudget(segments_per_minute=a_minute, segments_per_day=a_day)
    route = ("+12065550100", "+14255550111")
    return OutboundMessage("m1", pool, *route, body="hello", campaign_budget=budget)


async def test_sms_mms_and_lookups_have_rates_of_their_own(
    limiter: RateLimiter, redis: Redis
) -> None:
    assert await acquire(limiter, text(), 0) is None
    assert await acquire(limiter, text(), 0) == SECOND, "others may be given room before"
    assert await acquire(limiter, text(), 3) is None
    assert await limiter.acquire_lookup() is None
    assert await limiter.acquire_lookup() == SECOND
    await pass_rate_time(redis, UNIT)
    assert await acquire(limiter, text(), 0) is None
    assert await acquire(limiter, text(), 1) == SECOND, "three segments take three times as long"
    await pass_rate_time(redis, 2 * UNIT)
    assert await acquire(limiter, text(), 1) is None


async def test_a_pools_budget_holds_for_the_day_and_all_replicas(
    replicas: list[RateLimiter], redis: Redis
) -> None:
    for each in replicas:
        assert await acquire(each, text(a_day=2), 1) is None
        await pass_rate_time(redis, UNIT)
    # An MMS counts as one segment.
    wait = await acquire(replicas[0], text(a_day=2), 0)
    assert wait is not None
    assert SECOND < wait <= timedelta(days=1)
    assert await acquire(replicas[0], text("other", a_day=1), 1) is None
    await pass_rate_time(redis, timedelta(days=1))
    assert await acquire(replicas[0], text(a_day=1), 0) is None


async def test_a_pools_budget_holds_for_the_minute(limiter: RateLimiter, redis: Redis) -> None:
    assert await acquire(limiter, text(a_minute=2), 2) is None
    await pass_rate_time(redis, timedelta(minutes=1))
    await pass_rate_time(redis, timedelta(minutes=3))
    assert await acquire(limiter, text(a_minute=2), 1) is None


async def test_what_is_not_sent_is_given_back(limiter: RateLimiter, redis: Redis) -> None:
    for segments in (143, 1):
        assert await acquire(limiter, text(a_day=100), segments) is None
        await limiter.on_not_sent(limiter.request(text(a_day=100), segments))
        # The carrier has answered one request.
        assert await acquire(limiter, text(), 1) == SECOND
        await pass_rate_time(redis, UNIT)
    assert await acquire(limiter, text(a_day=100), 100) is None


async def test_what_was_counted_for_a_message_that_is_not_to_be_sent_is_given_back_wholly(
    limiter: RateLimiter, redis: Redis
) -> None:
    request = limiter.request(text(a_day=100), 100)
    admitted = await limiter.run(request)
    refused = await limiter.run(request)
    await limiter.withdraw(request, admitted)
    # Nothing was counted for it.
    await limiter.withdraw(request, refused)
    assert await acquire(limiter, text(a_day=100), 100) is None
    assert await acquire(limiter, text(), 1) == SECOND


async def test_after_a_429_no_replica_sends_sms_or_mms(
    replicas: list[RateLimiter], redis: Redis
) -> None:
    first, second = replicas
    assert await first.penalise(20 * SECOND) == 20 * SECOND
    for each in replicas:
        for segments in (0, 1):
            wait = await acquire(each, text(), segments)
            assert wait is not None
            assert SECOND < wait <= 20 * SECOND
        assert await each.acquire_lookup() is None
        await redis.delete("maskline:v1:messaging:{pace}:rate:lookups")
    await pass_rate_time(redis, 20 * SECOND)
    assert await acquire(second, text(), 1) is None
    assert await acquire(second, text(), 0) is None
    # Without a success between the next one doubles the time, within bounds.
    assert await first.penalise(20 * SECOND) == 40 * SECOND
    assert await first.penalise(timedelta(hours=1)) == MAX_PENALTY


async def test_no_message_is_admitted_while_redis_does_not_answer() -> None:
    async with aclosing(open_redis(f"redis://127.0.0.1:{free_port()}/0")) as unreachable:
        limiter = RateLimiter(unreachable, RATES)
        with pytest.raises(BackendUnavailable):
            await acquire(limiter, text(), 1)
        with pytest.raises(BackendUnavailable):
            await limiter.acquire_lookup()
        with pytest.raises(BackendUnavailable):
            await limiter.penalise(SECOND)
