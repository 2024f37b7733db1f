"""The clocks of a process, handed in so that tests can control time."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_MILLISECOND = timedelta(milliseconds=1)


class Clock(Protocol):
    """The time of day, and a clock for durations."""

    def now(self) -> datetime:
        """The time of day, aware and in UTC, in whole milliseconds. It may step.

        For what is stored, shown or compared with what is stored.
        """
        ...

    def monotonic(self) -> timedelta:
        """The time since an arbitrary start. It never steps: for delays, timeouts and renewals."""
        ...


class SharedClock(Clock, Protocol):
    """A clock whose time of day is the same for all replicas."""

    def is_synchronized(self) -> bool:
        """Whether this machine's own clock agrees with the shared time.

        Otherwise one of the two is wrong, and nothing may be expired, swept or leased.
        """
        ...


class SystemClock:
    """This machine's clocks."""

    def now(self) -> datetime:
        """The current time, aware and in UTC."""
        return in_milliseconds(datetime.now(UTC))

    def monotonic(self) -> timedelta:
        """The process's monotonic clock."""
        return timedelta(seconds=time.monotonic())


def in_milliseconds(moment: datetime) -> datetime:
    """Rounded down to the precision of stored times.

    A time in a response is therefore equal to the same time read back later.
    """
    return moment - (moment - _EPOCH) % _MILLISECOND
