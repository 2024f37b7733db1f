"""Clocks of tests."""

from datetime import UTC, datetime, timedelta

from runtime.clock import SystemClock


class ManualClock:
    """A clock that only the test moves. Implements runtime.clock.SharedClock."""

    def __init__(self, start: datetime = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._monotonic = timedelta(0)
        self.synchronized = True

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> timedelta:
        return self._monotonic

    def is_synchronized(self) -> bool:
        return self.synchronized

    def move(self, **by: float) -> None:
        """Moves forward by a timedelta, such as `move(minutes=5)`."""
        self._now += timedelta(**by)
        self._monotonic += timedelta(**by)

    def step(self, **by: float) -> None:
        """Sets the time of day forward or back, while no time passes."""
        self._now += timedelta(**by)


class WrongClock(SystemClock):
    """The clocks of a machine whose time of day is wrong by `wrong_by`, which may change."""

    def __init__(self, wrong_by: timedelta = timedelta(0)) -> None:
        self.wrong_by = wrong_by

    def now(self) -> datetime:
        return super().now() + self.wrong_by
