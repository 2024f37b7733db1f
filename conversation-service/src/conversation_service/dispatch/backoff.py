"""Delays: of one message after a failure, and of a pool while it is throttled."""

from datetime import timedelta

from runtime.backoff import backoff

# Short after a first failure, as most outages are.
FIRST_DELAY = timedelta(seconds=1)

# In a long outage a message is retried once a minute.
LONGEST_DELAY = timedelta(seconds=60)

# With growing delays these take a quarter of an hour. If other messages are sent meanwhile, the
# failures are the message's own.
MAX_ATTEMPTS = 20

# Many small batches in flight: a slow message delays few others.
MAX_CONCURRENCY = 16

# A daily budget may be used up for hours. Meanwhile it may be raised, and messages may expire.
MAX_THROTTLE = timedelta(seconds=60)


def retry_delay(failures: int, retry_after: timedelta, jitter: float) -> timedelta:
    """The delay after this many failures in a row, at least `retry_after`.

    `jitter` from 0 to 1 spreads messages that failed together over half of the delay.
    """
    seconds = backoff(failures, FIRST_DELAY.total_seconds(), LONGEST_DELAY.total_seconds())
    return max(retry_after, timedelta(seconds=seconds) * (0.5 + jitter / 2))


class Throttle:
    """Stops sending while the account or the campaign is full, then sends one batch at a time.

    With one batch at a time the most urgent message is sent first, not the one sent earlier. One
    throttle stops all messages, another one those that may use the budget's reserve. All times are
    the monotonic clock's.
    """

    def __init__(self) -> None:
        self._until: timedelta | None = None
        self._is_probing = False

    def on_throttled(self, now: timedelta, retry_after: timedelta) -> None:
        """The messaging service throttled a message for `retry_after`."""
        until = now + min(retry_after, MAX_THROTTLE)
        self._until = max(self._until or until, until)
        self._is_probing = True

    def on_accepted(self, now: timedelta) -> None:
        """No message of a batch was throttled. Ignored for batches that were in flight before."""
        self._is_probing = self._is_probing and bool(self.delay(now))

    def concurrency(self, now: timedelta) -> int:
        """How many batches may be in flight."""
        if self.delay(now):
            return 0
        return 1 if self._is_probing else MAX_CONCURRENCY

    def delay(self, now: timedelta) -> timedelta:
        """How long no batch may be sent; zero if one may."""
        return max(timedelta(0), self._until - now) if self._until else timedelta(0)
