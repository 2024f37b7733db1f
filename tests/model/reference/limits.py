"""The model's limits against loops and guessing."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

REPLIES, REPLIES_WINDOW = 10, timedelta(minutes=10)
STRANGER_SILENCE = timedelta(minutes=10)
TRIES, TRIES_WINDOW = 5, timedelta(minutes=30)
FAILURES, FAILURES_WINDOW = 5, timedelta(hours=1)
FAILURE_SILENCE = timedelta(minutes=1)
LOCKOUT = timedelta(hours=1)
NUMBER_TRIES, NUMBER_TRIES_WINDOW = 100, timedelta(minutes=10)


@dataclass
class Count:
    """How often something happened in a window that opened with the first."""

    number: int = 0
    until: datetime | None = None

    def at(self, now: datetime) -> int:
        return self.number if self.until and now < self.until else 0

    def more(self, now: datetime, window: timedelta) -> int:
        so_far = self.at(now)
        if not so_far:
            self.until = now + window
        self.number = so_far + 1
        return self.number


@dataclass
class Conduct:
    """What one person has lately done in a pool."""

    replies: Count = field(default_factory=Count)
    tries: Count = field(default_factory=Count)
    helped_until: datetime | None = None
    locked_until: datetime | None = None
    failures: Count = field(default_factory=Count)
    failed_until: datetime | None = None

    def takes_reply(self, now: datetime) -> bool:
        """Whether somebody is answered, which is counted."""
        if self.replies.at(now) >= REPLIES:
            return False
        self.replies.more(now, REPLIES_WINDOW)
        return True

    def takes_help(self, now: datetime) -> bool:
        """Whether a stranger is helped once more."""
        if self.helped_until and now < self.helped_until:
            return False
        self.helped_until = now + STRANGER_SILENCE
        return self.takes_reply(now)

    def hears_of_failure(self, now: datetime) -> bool:
        """Whether somebody is told that a text of theirs failed, which is counted."""
        if (self.failed_until and now < self.failed_until) or self.failures.at(now) >= FAILURES:
            return False
        self.failures.more(now, FAILURES_WINDOW)
        self.failed_until = now + FAILURE_SILENCE
        return True

    def is_locked(self, now: datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until

    def guesses_wrong(self, now: datetime) -> None:
        if self.tries.more(now, TRIES_WINDOW) >= TRIES:
            self.locked_until = now + LOCKOUT
