"""A carrier that enforces its limit: how many messages it accepts in simulated time.

Everything is fifty times slower, so that the time that the machine takes does not count.
"""

import random
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from messaging_service.limits import rate_limiter
from messaging_service.limits.rate_limiter import AccountRates, RateLimiter
from messaging_service.model.message import OutboundMessage
from support.rate_time import acquire, pass_rate_time

SLOWER = 50
DOCUMENTED = AccountRates(5 / SLOWER, 1 / SLOWER, 2 / SLOWER)
TEXT = OutboundMessage("m1", "main", "+12065550100", "+14255550111", body="hello")
# How much later than planned a request may arrive, and than it was told the caller may ask again.
JITTER_SECONDS = 0.04 * SLOWER
LATE_SECONDS = 0.1 * SLOWER


@dataclass
class StrictCarrier:
    """Accepts so many messages in any slowed second, and answers 429 to the others."""

    limit: int
    times: deque[float] = field(default_factory=deque)
    refused: int = 0

    def accepts(self, now: float) -> bool:
        while self.times and self.times[0] <= now - SLOWER:
            self.times.popleft()
        if len(self.times) >= self.limit:
            self.refused += 1
            return False
        self.times.append(now)
        return True


class SimulatedTime:
    """Redis's time, and what has been added to it."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._added = timedelta(0)

    async def now(self) -> float:
        seconds, microseconds = await self._redis.time()
        return seconds + microseconds / 1e6 + self._added.total_seconds()

    async def wait(self, span: timedelta) -> None:
        self._added += span
        await pass_rate_time(self._redis, span)


@pytest.fixture(autouse=True)
def _slower(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EARLY", "MAX_WAIT", "MIN_PENALTY"):
        monkeypatch.setattr(rate_limiter, name, SLOWER * getattr(rate_limiter, name))


@pytest.mark.parametrize(
    ("limit", "messages", "least", "most_refused"),
    [
        pytest.param(5, 150, 4.5, 0, id="the documented rate"),
        pytest.param(3, 120, 2.3, 15, id="less than documented"),
    ],
)
async def test_sending_comes_close_to_what_the_carrier_accepts(
    redis: Redis, limit: int, messages: int, least: float, most_refused: int
) -> None:
    time = SimulatedTime(redis)
    limiter = RateLimiter(redis, DOCUMENTED, lambda seconds: time.wait(timedelta(seconds=seconds)))
    carrier, jitter = StrictCarrier(limit), random.Random(7)
    start, accepted = await time.now(), 0
    while accepted < messages:
        wait = await acquire(limiter, TEXT, 1)
        if wait is None:
            if carrier.accepts(await time.now() + jitter.uniform(0, JITTER_SECONDS)):
                accepted += 1
                await limiter.on_accepted()
            else:
                wait = await limiter.penalise(timedelta(0))
        if wait is not None:
            await time.wait(wait + timedelta(seconds=jitter.uniform(0, LATE_SECONDS)))
    rate = SLOWER * accepted / (await time.now() - start)
    print(f"{rate:.2f}/s of {limit}/s, {carrier.refused} answers 429")
    assert rate >= least
    assert carrier.refused <= most_refused
