"""A clock that only the test moves."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """Implements runtime.clock.Clock."""

    def __init__(self, start: datetime = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def move(self, **by: float) -> None:
        """Moves forward by a timedelta, such as `move(minutes=5)`."""
        self._now += timedelta(**by)
