"""The account's rates (GCRA) and the campaigns' budgets, shared by all replicas through Redis.

The caller's clock is used, so replicas' clocks must agree (NTP): a replica whose clock is ahead by
a second takes a second's worth of the rate early.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from redis.asyncio import Redis

from messaging_service.model.message import CampaignBudget, OutboundMessage
from messaging_service.redis import keys
from messaging_service.redis.scripts import Scripts
from runtime.clock import Clock
from runtime.redis.scripts import Command, Reply

# Flowroute's limits are per second: a retry within the second would get another 429.
MIN_PENALTY = timedelta(seconds=1)

# A limit per minute has passed by then, and no mistake of the carrier stops the account for longer.
MAX_PENALTY = timedelta(minutes=1)

PENALTY_RESET_AFTER = timedelta(minutes=1)

# Keys outlive their use by this, in case a replica's clock is behind.
KEY_MARGIN_MS = 60_000

# Carriers' caps count an MMS as one message, however large it is.
MMS_SEGMENTS = 1

_SECOND = timedelta(seconds=1)

_MICROSECOND = timedelta(microseconds=1)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AccountRates:
    """The carrier's limits for one account: SMS segments, MMS and lookups per second."""

    sms_per_second: float
    mms_per_second: float
    lookups_per_second: float


@dataclass(frozen=True, slots=True)
class _Bucket:
    """One rate: microseconds per unit, and the burst, which is a second's worth or one unit."""

    key: str
    unit_us: int
    burst_us: int


@dataclass(frozen=True, slots=True)
class _Window:
    """The current minute or day of one pool's budget."""

    key: str
    limit: int
    left_us: int


class RateLimiter:
    """Counts what is acquired, whether it is sent or not.

    A call that redis-py retries may count twice, which only makes sending slower.
    """

    def __init__(self, redis: Redis, clock: Clock, rates: AccountRates) -> None:
        self._scripts = Scripts(redis)
        self._clock = clock
        self._sms = _bucket("sms", rates.sms_per_second)
        self._mms = _bucket("mms", rates.mms_per_second)
        self._lookups = _bucket("lookups", rates.lookups_per_second)

    async def acquire(self, message: OutboundMessage, segments: int) -> timedelta | None:
        """None if the message may be sent now, otherwise how long it has to wait.

        `segments` is 0 for an MMS. A message longer than the burst or than a whole budget is let
        through and delays those after it; otherwise it would wait for ever. Raises
        BackendUnavailable.
        """
        bucket = self._sms if segments else self._mms
        now = self._clock.now()
        windows = tuple(_windows(message.pool, message.campaign_budget, now))
        return await self._acquire(bucket, segments or MMS_SEGMENTS, windows, now)

    async def acquire_lookup(self) -> timedelta | None:
        """The same for one request for the carrier's records, whose limit is separate."""
        return await self._acquire(self._lookups, 1, (), self._clock.now())

    async def penalise(self, requested: timedelta) -> timedelta:
        """Stops all replicas from sending after an answer 429; returns for how long.

        The time doubles with each 429 that follows such a stop, between 1 and 60 seconds, until a
        minute passes without one. Lookups go on. Raises BackendUnavailable.
        """
        buckets = (self._sms, self._mms)
        requested_us = _us(max(requested, MIN_PENALTY))
        command = self._scripts.call_on(
            "penalise_rate",
            (keys.brake(), *(bucket.key for bucket in buckets)),
            *(_us(self._clock.now() - _EPOCH), requested_us, _us(MAX_PENALTY)),
            *(_us(PENALTY_RESET_AFTER), KEY_MARGIN_MS),
            *(bucket.burst_us - bucket.unit_us for bucket in buckets),
        )
        return _penalty(await self._run(command))

    async def _acquire(
        self, bucket: _Bucket, units: int, windows: tuple[_Window, ...], now: datetime
    ) -> timedelta | None:
        command = self._scripts.call_on(
            "acquire_rate",
            (bucket.key, *(window.key for window in windows)),
            *(_us(now - _EPOCH), bucket.unit_us, bucket.burst_us, units, units, KEY_MARGIN_MS),
            *(number for window in windows for number in (window.limit, window.left_us)),
        )
        return _wait(await self._run(command))

    async def _run(self, command: Command) -> Reply:
        [reply] = await self._scripts.run(command)
        return reply


def _bucket(name: str, per_second: float) -> _Bucket:
    unit_us = round(_us(_SECOND) / per_second)
    return _Bucket(keys.rate(name), unit_us, max(unit_us, _us(_SECOND)))


def _windows(pool: str, budget: CampaignBudget, now: datetime) -> Iterator[_Window]:
    """The limited windows that contain `now`."""
    minute, day = budget.segments_per_minute, budget.segments_per_day
    spans = (("minute", timedelta(minutes=1), minute), ("day", timedelta(days=1), day))
    for name, span, limit in spans:
        if limit:
            number, elapsed = divmod(now - _EPOCH, span)
            yield _Window(keys.budget(name, number, pool), limit, _us(span - elapsed))


def _us(span: timedelta) -> int:
    return span // _MICROSECOND


def _wait(reply: Reply) -> timedelta | None:
    match cast("list[bytes | int]", reply):
        case [b"acquired"]:
            return None
        case [b"wait", int(wait_us)]:
            return _whole_ms(wait_us)
        case unknown:
            raise AssertionError(f"acquire_rate.lua returned {unknown!r}")


def _penalty(reply: Reply) -> timedelta:
    match cast("list[bytes | int]", reply):
        case [b"penalised" | b"in_force", int(span_us)]:
            return _whole_ms(span_us)
        case unknown:
            raise AssertionError(f"penalise_rate.lua returned {unknown!r}")


def _whole_ms(us: int) -> timedelta:
    """Rounded up: clocks have whole milliseconds, and an early retry would be refused."""
    return timedelta(milliseconds=-(-us // 1000))
