"""What a person, or everybody on a number, has lately done: limits against loops and guessing."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

# More answers of Maskline than a person needs to find their way; a machine is cut off here.
REPLIES_LIMIT = 10

REPLIES_WINDOW = timedelta(minutes=10)

# A stranger gets one help text, then none for this long: machines must not loop.
STRANGER_SILENCE = timedelta(minutes=10)

# A phone that is off fails with every text to it: told once a minute its partner knows as much,
FAILURE_SILENCE = timedelta(minutes=1)

# and told five times an hour knows that it stays so.
FAILURES_LIMIT = 5

FAILURES_WINDOW = timedelta(hours=1)

# A code has 29 bits. Five tries an hour find a live one in a lifetime only if millions are live.
TRIES_LIMIT = 5

TRIES_WINDOW = timedelta(minutes=30)

LOCKOUT = timedelta(hours=1)

# Many people may mistype on one number; above this somebody tries many phones.
NUMBER_TRIES_LIMIT = 100

NUMBER_TRIES_WINDOW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class WindowCounter:
    """How often something happened in a window of time that opened with the first."""

    number: int = 0
    until: datetime | None = None

    def at(self, now: datetime) -> int:
        """The count, nothing once the window has closed."""
        return self.number if self.until is not None and now < self.until else 0

    def more(self, now: datetime, window: timedelta) -> Self:
        """One more."""
        so_far = self.at(now)
        until = self.until if so_far else now + window
        return replace(self, number=so_far + 1, until=until)


NEVER = WindowCounter()


@dataclass(frozen=True, slots=True)
class SenderLimits:
    """What one person has lately done in a pool."""

    replies: WindowCounter = NEVER
    tries: WindowCounter = NEVER
    helped_until: datetime | None = None
    locked_until: datetime | None = None
    # How often, and until when not again, they are told that a text of theirs failed.
    failures: WindowCounter = NEVER
    failed_until: datetime | None = None

    def may_reply(self, now: datetime) -> bool:
        """Whether another reply of ours would not go on for ever."""
        return self.replies.at(now) < REPLIES_LIMIT

    def answered(self, now: datetime) -> Self:
        """After a reply."""
        return replace(self, replies=self.replies.more(now, REPLIES_WINDOW))

    def is_help_muted(self, now: datetime) -> bool:
        """Whether a stranger has had their help text a moment ago."""
        return self.helped_until is not None and now < self.helped_until

    def help_sent(self, now: datetime) -> Self:
        """After a stranger's help text."""
        return replace(self, helped_until=now + STRANGER_SILENCE)

    def may_send_failure_notice(self, now: datetime) -> bool:
        """Whether they are told that a text of theirs failed, and not only the events."""
        is_quiet = self.failed_until is not None and now < self.failed_until
        return not is_quiet and self.failures.at(now) < FAILURES_LIMIT

    def failure_notice_sent(self, now: datetime) -> Self:
        """After they were told."""
        failures = self.failures.more(now, FAILURES_WINDOW)
        return replace(self, failures=failures, failed_until=now + FAILURE_SILENCE)

    def is_locked(self, now: datetime) -> bool:
        """Whether even a right code does not work for them."""
        return self.locked_until is not None and now < self.locked_until

    def wrong_code_entered(self, now: datetime) -> Self:
        """After a code that does not work."""
        tries = self.tries.more(now, TRIES_WINDOW)
        locked = now + LOCKOUT if tries.number >= TRIES_LIMIT else self.locked_until
        return replace(self, tries=tries, locked_until=locked)

    @property
    def forgotten_at(self) -> datetime | None:
        """From when on nothing of it matters."""
        counts = (self.replies, self.tries, self.failures)
        ends = [one.until for one in counts]
        ends += [self.helped_until, self.locked_until, self.failed_until]
        return max((end for end in ends if end), default=None)
