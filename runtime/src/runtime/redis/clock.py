"""A clock that runs on the time of Redis, which all replicas share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client import REGISTRY, CollectorRegistry, Gauge
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from runtime.background import run_forever
from runtime.clock import Clock, SystemClock, in_milliseconds

log = structlog.get_logger()

# Monotonic clocks drift by microseconds in this time; a step of a clock is noticed this soon.
MEASURE_SECONDS = 2.0

# The error of a measurement is at most half of its round trip: longer ones are not used.
MAX_ROUND_TRIP = timedelta(milliseconds=500)

RETRY_SECONDS = 0.1

# A service whose Redis does not answer starts without the time, and is not healthy until it has it.
FIRST_MEASUREMENT_SECONDS = 1.0

# Machines synchronized by NTP differ by milliseconds. This is more than a correction by NTP, during
# which sending should go on, and less than every lifetime: of a code, a cool-off, a conversation.
MAX_SKEW = timedelta(seconds=20)

_ADVICE = "synchronize this machine and Redis by NTP; until then this replica sends nothing"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ClockUnknown(RedisConnectionError):
    """The time of Redis has not been read yet."""


class RedisClock:
    """Redis's `TIME`, continued by the monotonic clock between measurements.

    The machine's own time of day serves only to notice that one of the two is wrong.
    """

    def __init__(
        self, redis: Redis, machine: Clock, registry: CollectorRegistry = REGISTRY
    ) -> None:
        """`machine` are the clocks of this machine."""
        self._redis = redis
        self._machine = machine
        # Redis's time at the zero of the monotonic clock; None before the first measurement.
        self._origin: datetime | None = None
        self._agrees: bool | None = None
        self._skew = Gauge(
            "maskline_clock_skew_seconds",
            "How far this machine's clock is ahead of Redis's; negative if it is behind.",
            registry=registry,
        )

    def now(self) -> datetime:
        """The time of Redis. Raises ClockUnknown before the first measurement."""
        if self._origin is None:
            raise ClockUnknown("the time of Redis is not known yet")
        return in_milliseconds(self._origin + self.monotonic())

    def monotonic(self) -> timedelta:
        """The process's monotonic clock."""
        return self._machine.monotonic()

    def is_synchronized(self) -> bool:
        """Whether this machine's clock and Redis's agree within MAX_SKEW."""
        return bool(self._agrees)

    async def run_once(self) -> float:
        """Measures once. Returns the seconds to wait before the next measurement."""
        before = self.monotonic()
        seconds, microseconds = await self._redis.time()
        after, own_time = self.monotonic(), self._machine.now()
        if after - before > MAX_ROUND_TRIP:
            return RETRY_SECONDS
        redis_time = _EPOCH + timedelta(seconds=seconds, microseconds=microseconds)
        self._use(redis_time - (before + after) / 2, own_time - redis_time)
        return MEASURE_SECONDS

    def _use(self, origin: datetime, skew: timedelta) -> None:
        """Follows a step of Redis's clock only if this machine's own clock confirms it.

        After a failover to a node whose clock is wrong, time goes on as before.
        """
        agrees = abs(skew) <= MAX_SKEW
        if self._origin is None or agrees or abs(origin - self._origin) <= MAX_SKEW:
            self._origin = origin
        self._skew.set(skew.total_seconds())
        if not agrees and self._agrees is not False:
            log.error("clock_skewed", seconds=round(abs(skew).total_seconds()), advice=_ADVICE)
        if agrees and self._agrees is False:
            log.info("clock_synchronized")
        self._agrees = agrees


@asynccontextmanager
async def redis_clock(
    redis: Redis, registry: CollectorRegistry = REGISTRY, machine: Clock | None = None
) -> AsyncIterator[RedisClock]:
    """A clock that is measured until the end; `machine` replaces the clocks of this machine."""
    clock = RedisClock(redis, machine or SystemClock(), registry)
    with suppress(RedisError, OSError):
        async with asyncio.timeout(FIRST_MEASUREMENT_SECONDS):
            await clock.run_once()
    measuring = asyncio.create_task(run_forever("clock", clock.run_once))
    try:
        yield clock
    finally:
        measuring.cancel()
        await asyncio.gather(measuring, return_exceptions=True)
