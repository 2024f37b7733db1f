"""The model's rate limits against loops and guessing."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

REPLIES, REPLIES_WINDOW = 10, timedelta(minutes=10)
HELP_INTERVAL = timedelta(minutes=10)
CODE_ATTEMPTS, CODE_ATTEMPTS_WINDOW = 5, timedelta(minutes=30)
LOCKOUT = timedelta(hours=1)
NUMBER_CODE_ATTEMPTS, NUMBER_CODE_ATTEMPTS_WINDOW = 100, timedelta(minutes=10)
FAILURE_NOTICES, FAILURE_NOTICES_WINDOW = 5, timedelta(hours=1)
FAILURE_NOTICE_INTERVAL = timedelta(minutes=1)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass
class WindowCounter:
    """Counts events in a window that opens with the first."""

    number: int = 0
    until: datetime | None = None

    def value_at(self, now: datetime) -> int:
        return self.number if self.until and now < self.until else 0

    def increment(self, now: datetime, window: timedelta) -> int:
        number = self.value_at(now)
        if not number:
            self.until = now + window
        self.number = number + 1
        return self.number


@dataclass
class SenderLimits:
    """The limits of one person in one pool. Each `may_...` counts what it allows."""

    replies: WindowCounter = field(default_factory=WindowCounter)
    code_attempts: WindowCounter = field(default_factory=WindowCounter)
    failure_notices: WindowCounter = field(default_factory=WindowCounter)
    relayed_minute: WindowCounter = field(default_factory=WindowCounter)
    relayed_day: WindowCounter = field(default_factory=WindowCounter)
    openings: WindowCounter = field(default_factory=WindowCounter)
    knows_of_refusal_until: datetime | None = None
    no_help_until: datetime | None = None
    locked_until: datetime | None = None
    no_daily_help_until: datetime | None = None
    no_failure_notice_until: datetime | None = None

    def may_reply(self, now: datetime) -> bool:
        if self.replies.value_at(now) >= REPLIES:
            return False
        self.replies.increment(now, REPLIES_WINDOW)
        return True

    def may_help_stranger(self, now: datetime, *, is_attempt: bool) -> bool:
        """Whose message begins like a keyword is helped again, up to half of all replies."""
        is_answered = is_attempt and self.replies.value_at(now) < REPLIES // 2
        if self.no_help_until and now < self.no_help_until and not is_answered:
            return False
        self.no_help_until = now + HELP_INTERVAL
        return self.may_reply(now)

    def may_help_opted_out(self, now: datetime) -> bool:
        if self.no_daily_help_until and now < self.no_daily_help_until:
            return False
        self.no_daily_help_until = now + DAY
        return True

    def may_send_failure_notice(self, now: datetime) -> bool:
        if self.no_failure_notice_until and now < self.no_failure_notice_until:
            return False
        if self.failure_notices.value_at(now) >= FAILURE_NOTICES:
            return False
        self.failure_notices.increment(now, FAILURE_NOTICES_WINDOW)
        self.no_failure_notice_until = now + FAILURE_NOTICE_INTERVAL
        return True

    def refused_until(self, now: datetime, per_minute: int, per_day: int) -> datetime | None:
        """The end of a minute or day in which no more of the person's messages are relayed."""
        is_minute_full = self.relayed_minute.value_at(now) >= per_minute
        is_day_full = self.relayed_day.value_at(now) >= per_day
        return (
            self.relayed_day.until
            if is_day_full
            else self.relayed_minute.until
            if is_minute_full
            else None
        )

    def relayed(self, now: datetime) -> None:
        self.relayed_minute.increment(now, MINUTE)
        self.relayed_day.increment(now, DAY)

    def may_be_brought_in(self, now: datetime, per_day: int) -> bool:
        return self.openings.value_at(now) < per_day

    def brought_in(self, now: datetime) -> None:
        self.openings.increment(now, DAY)

    def is_locked_out(self, now: datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until

    def wrong_code_entered(self, now: datetime) -> None:
        if self.code_attempts.increment(now, CODE_ATTEMPTS_WINDOW) >= CODE_ATTEMPTS:
            self.locked_until = now + LOCKOUT
