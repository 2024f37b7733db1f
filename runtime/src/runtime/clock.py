"""Time as something that is handed in, so that tests own it."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present moment, aware and in UTC."""
        ...


class SystemClock:
    """The machine's own clock, in whole milliseconds.

    State keeps milliseconds: what is answered now and what is read back later are the same.
    """

    def now(self) -> datetime:
        """The present moment, aware and in UTC."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)
