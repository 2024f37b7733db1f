"""A clock on Redis's time: no step of a machine's clock moves it, and a wrong one is reported."""

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from structlog.testing import capture_logs

from runtime.redis.clock import MAX_SKEW, RETRY_SECONDS, ClockUnknown, RedisClock
from support.clock import ManualClock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class FakeTime:
    """Redis's TIME, by a clock of its own; a reply takes `round_trip`."""

    def __init__(self, machine: ManualClock) -> None:
        self.clock = ManualClock(machine.now())
        self.round_trip = timedelta(0)
        self._machine = machine

    async def time(self) -> tuple[int, int]:
        for clock in (self.clock, self._machine):
            clock.move(seconds=self.round_trip.total_seconds() / 2)
        microseconds = (self.clock.now() - EPOCH) // timedelta(microseconds=1)
        for clock in (self.clock, self._machine):
            clock.move(seconds=self.round_trip.total_seconds() / 2)
        return divmod(microseconds, 1_000_000)


class Parts:
    """A clock between Redis and a machine, and how it is measured."""

    def __init__(self) -> None:
        self.machine = ManualClock()
        self.redis = FakeTime(self.machine)
        self.registry = CollectorRegistry()
        self.clock = RedisClock(cast("Redis", self.redis), self.machine, self.registry)

    def move(self, **by: float) -> None:
        self.machine.move(**by)
        self.redis.clock.move(**by)

    def skew(self) -> float | None:
        return self.registry.get_sample_value("maskline_clock_skew_seconds")


@pytest.fixture
def parts() -> Parts:
    return Parts()


async def test_there_is_no_time_before_the_first_measurement(parts: Parts) -> None:
    with pytest.raises(ClockUnknown):
        parts.clock.now()
    assert not parts.clock.is_synchronized()


@pytest.mark.parametrize("wrong", [{"hours": 2}, {"hours": -2}, {"seconds": -15}, {"days": 400}])
async def test_a_step_of_the_machines_clock_does_not_move_the_time(
    parts: Parts, wrong: dict[str, float]
) -> None:
    for _ in range(3):
        await parts.clock.run_once()
        assert parts.clock.now() == parts.redis.clock.now()
        parts.move(seconds=2)
        assert parts.clock.now() == parts.redis.clock.now()
        parts.machine.step(**wrong)


@pytest.mark.parametrize(
    ("skew", "is_synchronized"),
    [
        (timedelta(0), True),
        (timedelta(seconds=-15), True),
        (MAX_SKEW, True),
        (MAX_SKEW + SECOND, False),
        (-MAX_SKEW - SECOND, False),
        (timedelta(hours=2), False),
    ],
)
async def test_a_wrong_clock_is_reported_and_so_is_its_correction(
    parts: Parts, skew: timedelta, is_synchronized: bool
) -> None:
    parts.machine.step(seconds=skew.total_seconds())
    with capture_logs() as logs:
        for _ in range(3):
            await parts.clock.run_once()
    assert parts.clock.is_synchronized() is is_synchronized
    assert parts.skew() == skew.total_seconds()
    reported = [(line["event"], line["log_level"]) for line in logs]
    assert reported == ([] if is_synchronized else [("clock_skewed", "error")])
    parts.machine.step(seconds=-skew.total_seconds())
    with capture_logs() as logs:
        for _ in range(3):
            await parts.clock.run_once()
    assert parts.clock.is_synchronized()
    expected = [] if is_synchronized else ["clock_synchronized"]
    assert [line["event"] for line in logs] == expected


async def test_a_step_of_rediss_clock_that_the_machine_denies_stops_and_moves_nothing(
    parts: Parts,
) -> None:
    """As after a failover to a node whose clock is wrong."""
    await parts.clock.run_once()
    parts.redis.clock.step(hours=2)
    await parts.clock.run_once()
    assert not parts.clock.is_synchronized()
    assert parts.clock.now() == parts.machine.now()
    parts.redis.clock.step(hours=-2)
    await parts.clock.run_once()
    assert parts.clock.is_synchronized()


async def test_a_step_that_the_machine_confirms_is_followed(parts: Parts) -> None:
    """As after both were suspended: the monotonic clock stood still."""
    await parts.clock.run_once()
    for clock in (parts.redis.clock, parts.machine):
        clock.step(hours=8)
    await parts.clock.run_once()
    assert parts.clock.is_synchronized()
    assert parts.clock.now() == parts.redis.clock.now()


async def test_a_slow_reply_is_not_used_as_a_measurement(parts: Parts) -> None:
    parts.redis.round_trip = timedelta(seconds=1)
    assert await parts.clock.run_once() == RETRY_SECONDS
    with pytest.raises(ClockUnknown):
        parts.clock.now()
    parts.redis.round_trip = timedelta(milliseconds=400)
    await parts.clock.run_once()
    assert parts.clock.now() == parts.redis.clock.now()
