"""The account's rates (GCRA) and the campaigns' budgets, shared by all replicas through Redis."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from redis.asyncio import Redis

from messaging_service.model.message import CampaignBudget, OutboundMessage
from messaging_service.redis import keys
from messaging_service.redis.scripts import Scripts
from runtime.redis.scripts import Command, Reply

# Requests reach the carrier up to some 50 ms earlier or later than planned. At the very limit
# every other sixth of them would come too early for "5 per second", and get a 429.
HEADROOM = 0.95

# A message is admitted this long before its time and then waits here: a caller that was told to
# wait comes back up to a quarter of a second late, and no message's time is lost by that.
EARLY = timedelta(milliseconds=250)

# Sleeping is not more exact.
MIN_SLEEP = timedelta(milliseconds=1)

# What was counted for a refused message is taken back: a wait is not longer than this, so that
# others use the room soon.
MAX_WAIT = timedelta(seconds=1)

# A pool that was told to wait asks again when the other messages of its batch are sent, mostly
# within this. One whose replica died stops the others for no longer.
KEEP_TURN = timedelta(seconds=1)

# Flowroute's limits are per second: a retry within the second would get another 429.
MIN_PENALTY = timedelta(seconds=1)

# A limit per minute has passed by then, and no mistake of the carrier stops the account for longer.
MAX_PENALTY = timedelta(minutes=1)

# After a 429 the rate is a tenth lower: half of that would be lost if the carrier's limit is real,
# and one that is much lower is found after a few.
KEPT_PPM = 900_000

# Slower would delay everybody for hours although the carrier accepts messages again.
LOWEST_PPM = 100_000

# With each accepted message a part of what is missing comes back: much at first, and little close
# to the limit, where the next 429 costs a second.
BACK_PPM = 5_000

WHOLE_PPM = 990_000

# What a 429 said of the carrier's limit ten minutes ago is out of date.
BRAKE_KEPT = timedelta(minutes=10)

# Keys outlive their use by this: a clock of Redis may be corrected.
KEY_MARGIN_MS = 60_000

# Carriers' caps count an MMS as one message, however large it is.
MMS_SEGMENTS = 1

_SECOND = timedelta(seconds=1)

_MICROSECOND = timedelta(microseconds=1)

# 429 answers slow down both kinds of messages, and no lookups.
_MESSAGES, _LOOKUPS = "messages", "lookups"


@dataclass(frozen=True, slots=True)
class AccountRates:
    """The carrier's limits for one account: SMS segments, MMS and lookups per second."""

    sms_per_second: float
    mms_per_second: float
    lookups_per_second: float


@dataclass(frozen=True, slots=True)
class _Rate:
    """One rate: microseconds per unit, and how much earlier a unit may be taken."""

    name: str
    brake: str
    unit_us: int
    early_us: int

    @property
    def keys(self) -> tuple[str, ...]:
        return (keys.rate(self.name), self.brake, keys.turns(self.name), keys.waiting(self.name))


@dataclass(frozen=True, slots=True)
class _Window:
    """A pool's budget for a minute or a day."""

    key: str
    limit: int
    span_us: int


@dataclass(frozen=True, slots=True)
class RateRequest:
    """One message that asks to be sent. `command` counts it if there is room."""

    rate: _Rate
    units: int
    windows: tuple[_Window, ...]
    command: Command


@dataclass(frozen=True, slots=True)
class _Admission:
    """A message that is counted: whether the rate is slowed, and when the message's time comes."""

    is_slowed: bool
    early: timedelta


class RateLimiter:
    """Counts what is acquired. By Redis's time, so replicas' clocks need not agree.

    A call that redis-py retries may count twice, which only makes sending slower.
    """

    def __init__(
        self,
        redis: Redis,
        rates: AccountRates,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._scripts = Scripts(redis)
        self._sms = _message_rate("sms", rates.sms_per_second)
        self._mms = _message_rate("mms", rates.mms_per_second)
        unit_us = round(_us(_SECOND) / rates.lookups_per_second)
        early_us = max(0, _us(_SECOND) - unit_us)
        self._lookups = _Rate("lookups", keys.brake(_LOOKUPS), unit_us, early_us)
        self._is_slowed = False
        self._sleep = sleep

    def request(self, message: OutboundMessage, segments: int) -> RateRequest:
        """Asks nothing yet: the caller runs the command, with commands of its own, or by `run`.

        `segments` is 0 for an MMS. A message longer than a whole budget is let through and delays
        those after it; otherwise it would wait for ever. Of the pools that wait, the one that took
        the least is next.
        """
        windows = _windows(message.pool, message.campaign_budget)
        units, rate = segments or MMS_SEGMENTS, self._sms if segments else self._mms
        return RateRequest(rate, units, windows, self._command(rate, units, message.pool, windows))

    async def run(self, request: RateRequest) -> Reply:
        """The reply to a request. Raises BackendUnavailable."""
        return await self._run(request.command)

    async def admit(self, reply: Reply) -> timedelta | None:
        """None when the message may be sent, otherwise how long it has to wait."""
        match _outcome(reply):
            case _Admission(is_slowed, early):
                self._is_slowed = is_slowed
                if early >= MIN_SLEEP:
                    await self._sleep(early.total_seconds())
                return None
            case wait:
                return wait

    async def withdraw(self, request: RateRequest, reply: Reply) -> None:
        """Takes back everything that was counted for a message that is not to be sent now.

        Raises BackendUnavailable.
        """
        if isinstance(_outcome(reply), _Admission):
            await self._refund(request, request.units)

    async def acquire_lookup(self) -> timedelta | None:
        """None if the carrier's records may be read now, otherwise how long to wait.

        Their limit is separate. Raises BackendUnavailable.
        """
        outcome = _outcome(await self._run(self._command(self._lookups, 1, "", ())))
        return None if isinstance(outcome, _Admission) else outcome

    async def on_not_sent(self, request: RateRequest) -> None:
        """Takes back what was counted, but for the one request that the carrier answered.

        Raises BackendUnavailable.
        """
        if request.units > 1 or request.windows:
            await self._refund(request, request.units - 1)

    async def on_accepted(self) -> None:
        """Lets the rate recover from an earlier 429. Raises BackendUnavailable."""
        if self._is_slowed:
            command = self._scripts.call("recover_rate", keys.brake(_MESSAGES), BACK_PPM, WHOLE_PPM)
            self._is_slowed = await self._run(command) == [b"slowed"]

    async def penalise(self, requested: timedelta) -> timedelta:
        """Stops all replicas from sending after an answer 429; returns for how long.

        The time doubles with each 429 that follows such a stop without a success between, from 1 to
        60 seconds. Afterwards the rate is lower than before. Lookups go on. Raises
        BackendUnavailable.
        """
        command = self._scripts.call(
            "penalise_rate",
            keys.brake(_MESSAGES),
            *(_us(max(requested, MIN_PENALTY)), _us(MAX_PENALTY), KEPT_PPM, LOWEST_PPM),
            BRAKE_KEPT // timedelta(milliseconds=1),
        )
        self._is_slowed = True
        return _penalty(await self._run(command))

    def _command(self, rate: _Rate, units: int, pool: str, windows: tuple[_Window, ...]) -> Command:
        return self._scripts.call_on(
            "acquire_rate",
            (*rate.keys, *(window.key for window in windows)),
            *(rate.unit_us, rate.early_us, _us(MAX_WAIT), units, pool),
            *(_us(KEEP_TURN), KEY_MARGIN_MS),
            *(number for window in windows for number in (window.limit, window.span_us)),
        )

    async def _refund(self, request: RateRequest, units: int) -> None:
        """`units` of the rate, and all of the budgets."""
        rate, windows = request.rate, request.windows
        command = self._scripts.call_on(
            "refund_rate",
            (keys.rate(rate.name), *(window.key for window in windows)),
            *(rate.unit_us, units, request.units, KEY_MARGIN_MS),
            *(window.span_us for window in windows),
        )
        await self._run(command)

    async def _run(self, command: Command) -> Reply:
        [reply] = await self._scripts.run(command)
        return reply


def _message_rate(name: str, per_second: float) -> _Rate:
    unit_us = round(_us(_SECOND) / (per_second * HEADROOM))
    return _Rate(name, keys.brake(_MESSAGES), unit_us, _us(EARLY))


def _windows(pool: str, budget: CampaignBudget) -> tuple[_Window, ...]:
    minute, day = budget.segments_per_minute, budget.segments_per_day
    spans = (("minute", timedelta(minutes=1), minute), ("day", timedelta(days=1), day))
    return tuple(
        _Window(keys.budget(name, pool), limit, _us(span)) for name, span, limit in spans if limit
    )


def _us(span: timedelta) -> int:
    return span // _MICROSECOND


def _outcome(reply: Reply) -> _Admission | timedelta:
    """The reply of acquire_rate.lua: admitted, or how long to wait."""
    match cast("list[bytes | int]", reply):
        case [b"acquired", int(is_slowed), int(early_us)]:
            return _Admission(bool(is_slowed), timedelta(microseconds=early_us))
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
