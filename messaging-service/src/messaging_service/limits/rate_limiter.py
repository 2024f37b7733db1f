"""How fast texts may leave: the account's rates and the campaigns' budgets.

All replicas share them through Redis. Time comes from the caller, so that replicas' clocks must
agree (NTP): one that is ahead by a second takes a second's worth early.
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

# Flowroute's limits are per second: within less of it a 429 would only come again.
SHORTEST_SLOW_DOWN = timedelta(seconds=1)

# A limit per minute is over by then, and no carrier stops an account for longer by mistake.
LONGEST_SLOW_DOWN = timedelta(minutes=1)

STRIKES_FORGOTTEN_AFTER = timedelta(minutes=1)

# Keys outlive their use by this, in case a replica's clock is behind.
KEY_MARGIN_MS = 60_000

# Carriers' caps count a picture as one message, however large it is.
PICTURE_SEGMENTS = 1

_SECOND = timedelta(seconds=1)

_MICROSECOND = timedelta(microseconds=1)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AccountRates:
    """What the carrier takes of one account: segments, pictures and look-ups a second."""

    sms_per_second: float
    mms_per_second: float
    lookups_per_second: float


@dataclass(frozen=True, slots=True)
class _Bucket:
    """One rate, in microseconds: what a unit takes, and a second's worth or one unit at once."""

    key: str
    unit_us: int
    burst_us: int


@dataclass(frozen=True, slots=True)
class _Window:
    """A minute or a day of one pool's budget."""

    key: str
    limit: int
    left_us: int


class RateLimiter:
    """Admits what may be sent now. What is admitted is counted, sent or not.

    A call that the Redis client repeats may count twice, which errs on the slow side.
    """

    def __init__(self, redis: Redis, clock: Clock, rates: AccountRates) -> None:
        self._scripts = Scripts(redis)
        self._clock = clock
        self._sms = _bucket("sms", rates.sms_per_second)
        self._mms = _bucket("mms", rates.mms_per_second)
        self._lookups = _bucket("lookups", rates.lookups_per_second)

    async def admit(self, text: OutboundMessage, segments: int) -> timedelta | None:
        """None lets the text be sent now; else how long it has to wait.

        `segments` is 0 for a text with files. A text longer than the burst, or than a whole budget,
        is let go and makes the next ones wait, or it would wait for ever. Raises
        BackendUnavailable.
        """
        bucket = self._sms if segments else self._mms
        now = self._clock.now()
        windows = tuple(_windows(text.pool, text.campaign_budget, now))
        return await self._admit(bucket, segments or PICTURE_SEGMENTS, windows, now)

    async def admit_lookup(self) -> timedelta | None:
        """The same for one look at the carrier's records: limits are per endpoint."""
        return await self._admit(self._lookups, 1, (), self._clock.now())

    async def slow_down(self, asked: timedelta) -> timedelta:
        """No replica sends for a while, because the carrier answered 429; answers how long.

        It is twice as long with each 429 that comes after such a while, between 1 and 60 seconds,
        until there was none for a minute. Look-ups go on. Raises BackendUnavailable.
        """
        buckets = (self._sms, self._mms)
        asked_us = _us(max(asked, SHORTEST_SLOW_DOWN))
        slow_down = self._scripts.call_on(
            "slow_down",
            (keys.brake(), *(bucket.key for bucket in buckets)),
            *(_us(self._clock.now() - _EPOCH), asked_us, _us(LONGEST_SLOW_DOWN)),
            *(_us(STRIKES_FORGOTTEN_AFTER), KEY_MARGIN_MS),
            *(bucket.burst_us - bucket.unit_us for bucket in buckets),
        )
        return _slowed(await self._run(slow_down))

    async def _admit(
        self, bucket: _Bucket, units: int, windows: tuple[_Window, ...], now: datetime
    ) -> timedelta | None:
        admit = self._scripts.call_on(
            "admit",
            (bucket.key, *(window.key for window in windows)),
            *(_us(now - _EPOCH), bucket.unit_us, bucket.burst_us, units, units, KEY_MARGIN_MS),
            *(number for window in windows for number in (window.limit, window.left_us)),
        )
        return _admitted(await self._run(admit))

    async def _run(self, command: Command) -> Reply:
        [reply] = await self._scripts.run(command)
        return reply


def _bucket(name: str, per_second: float) -> _Bucket:
    unit_us = round(_us(_SECOND) / per_second)
    return _Bucket(keys.rate(name), unit_us, max(unit_us, _us(_SECOND)))


def _windows(pool: str, budget: CampaignBudget, now: datetime) -> Iterator[_Window]:
    """The windows that are limited, and that `now` falls into."""
    minute, day = budget.segments_per_minute, budget.segments_per_day
    spans = (("minute", timedelta(minutes=1), minute), ("day", timedelta(days=1), day))
    for name, span, limit in spans:
        if limit:
            number, gone = divmod(now - _EPOCH, span)
            yield _Window(keys.budget(name, number, pool), limit, _us(span - gone))


def _us(span: timedelta) -> int:
    return span // _MICROSECOND


def _admitted(reply: Reply) -> timedelta | None:
    match cast("list[bytes | int]", reply):
        case [b"admitted"]:
            return None
        case [b"paced", int(wait_us)]:
            return _whole_ms(wait_us)
        case unknown:
            raise AssertionError(f"admit.lua answered {unknown!r}")


def _slowed(reply: Reply) -> timedelta:
    match cast("list[bytes | int]", reply):
        case [b"slowed" | b"held", int(span_us)]:
            return _whole_ms(span_us)
        case unknown:
            raise AssertionError(f"slow_down.lua answered {unknown!r}")


def _whole_ms(us: int) -> timedelta:
    """Rounded up: clocks tell whole milliseconds, and asking too early is asking twice."""
    return timedelta(milliseconds=-(-us // 1000))
