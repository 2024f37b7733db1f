"""How fast a pool's texts are handed over while the account or its campaign is full."""

from datetime import datetime, timedelta

# Small batches with many in flight: none waits long for the slowest text of its own.
IN_FLIGHT = 16
# A campaign's day may be used up for hours; meanwhile its budget may be raised and texts grow too
# old, and asking once a minute costs nothing.
LONGEST_PAUSE = timedelta(seconds=60)


class PoolPace:
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
