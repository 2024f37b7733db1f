"""The clock, handed in so that tests can control time."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Returns the current time."""

    def now(self) -> datetime:
        """The current time, aware and in UTC."""
        ...


class SystemClock:
    """The system's clock in whole milliseconds, the precision of stored times.

    A time in a response is therefore equal to the same time read back later.
    """

    def now(self) -> datetime:
        """The current time, aware and in UTC."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)
