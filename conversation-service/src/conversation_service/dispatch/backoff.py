"""When a text that was not sent goes again. Pure."""

from datetime import datetime, timedelta

# Soon after a short hiccup,
FIRST = timedelta(seconds=1)

# and once a minute in a long outage: after it a text waits no longer than that.
LONGEST = timedelta(seconds=60)

# FIRST doubled so often is beyond LONGEST.
_DOUBLINGS = 6

# At growing pauses a text is tried for a quarter of an hour while others get through: by then it
# is the text, not the moment.
MAX_ATTEMPTS = 20


def retry_delay(failures: int, asked: timedelta, jitter: float) -> timedelta:
    """How long a text waits after so many failures in a row, at least as long as was asked.

    `jitter` from 0 to 1 spreads texts that failed together.
    """
    grown = min(LONGEST, FIRST * (1 << min(failures - 1, _DOUBLINGS)))
    return max(asked, grown * (0.5 + jitter / 2))


# Small batches with many in flight: none waits long for the slowest text of its own.
IN_FLIGHT = 16

# A campaign's day may be used up for hours; meanwhile its budget may be raised and texts grow too
# old, and asking once a minute costs nothing.
LONGEST_PAUSE = timedelta(seconds=60)


class Throttle:
    """After "full" nothing is handed over for a while, and then one batch at a time.

    So what is most urgent goes next, and not what was handed over first.
    """

    def __init__(self) -> None:
        self._until: datetime | None = None
        self._is_gentle = False

    def full(self, now: datetime, retry_after: timedelta) -> None:
        """The account or the campaign has no room before `retry_after` is over."""
        until = now + min(retry_after, LONGEST_PAUSE)
        self._until = max(self._until or until, until)
        self._is_gentle = True

    def room(self, now: datetime) -> None:
        """A whole batch had room; one that was under way before the pause tells nothing."""
        self._is_gentle = self._is_gentle and bool(self.pause(now))

    def batches(self, now: datetime) -> int:
        """How many batches may be under way."""
        if self.pause(now):
            return 0
        return 1 if self._is_gentle else IN_FLIGHT

    def pause(self, now: datetime) -> timedelta:
        """How long nothing may be handed over; nothing if something may."""
        return max(timedelta(0), self._until - now) if self._until else timedelta(0)
