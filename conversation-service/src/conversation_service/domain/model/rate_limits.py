"""Rate limits per sender and per masked number: replies, failure notices, wrong codes."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

# More replies than a person needs to find their way; an auto-responder is cut off here.
REPLIES_LIMIT = 10

REPLIES_WINDOW = timedelta(minutes=10)

# Of these replies, for a stranger whose texts only resemble a keyword.
ATTEMPT_REPLIES_LIMIT = 5

# A stranger gets one help text, then none for this long, so that auto-responders do not loop.
STRANGER_SILENCE = timedelta(minutes=10)

# A person who opted out and asks for help gets one text, then none for this long.
OPTED_OUT_HELP_SILENCE = timedelta(days=1)

# Every message to a phone that is off fails: one notice a minute tells its sender enough.
FAILURE_SILENCE = timedelta(minutes=1)

# After five notices in an hour the sender knows that it stays so.
FAILURES_LIMIT = 5

FAILURES_WINDOW = timedelta(hours=1)

RELAYED_MINUTE = timedelta(minutes=1)

RELAYED_DAY = timedelta(days=1)

# Of conversations that clients open for a person.
OPENINGS_WINDOW = timedelta(days=1)

# A code has 29 bits: five attempts an hour find one in a lifetime only if millions are live.
CODE_ATTEMPTS_LIMIT = 5

CODE_ATTEMPTS_WINDOW = timedelta(minutes=30)

LOCKOUT = timedelta(hours=1)

# Many people may mistype a code on one number; above this somebody guesses from many phones.
NUMBER_CODE_ATTEMPTS_LIMIT = 100

NUMBER_CODE_ATTEMPTS_WINDOW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class WindowCounter:
    """A fixed-window counter; the window opens with the first occurrence."""

    number: int = 0
    until: datetime | None = None

    def value_at(self, now: datetime) -> int:
        """The count; zero once the window has closed."""
        return self.number if self.until is not None and now < self.until else 0

    def incremented(self, now: datetime, window: timedelta) -> Self:
        value = self.value_at(now)
        return replace(self, number=value + 1, until=self.until if value else now + window)


NEVER = WindowCounter()


@dataclass(frozen=True, slots=True)
class SenderLimits:
    """What counts against one person in a pool."""

    replies: WindowCounter = NEVER
    code_attempts: WindowCounter = NEVER
    helped_until: datetime | None = None
    locked_until: datetime | None = None
    failures: WindowCounter = NEVER
    failed_until: datetime | None = None
    relayed_minute: WindowCounter = NEVER
    relayed_day: WindowCounter = NEVER
    # Until then they know that nothing of theirs is relayed.
    relay_refused_until: datetime | None = None
    # Until then they get no help text, if they have opted out.
    opted_out_helped_until: datetime | None = None
    openings: WindowCounter = NEVER

    def may_reply(self, now: datetime) -> bool:
        return self.replies.value_at(now) < REPLIES_LIMIT

    def may_answer_attempt(self, now: datetime) -> bool:
        return self.replies.value_at(now) < ATTEMPT_REPLIES_LIMIT

    def replied(self, now: datetime) -> Self:
        return replace(self, replies=self.replies.incremented(now, REPLIES_WINDOW))

    def is_help_muted(self, now: datetime) -> bool:
        """Whether a stranger got the help text a moment ago."""
        return self.helped_until is not None and now < self.helped_until

    def help_sent(self, now: datetime) -> Self:
        return replace(self, helped_until=now + STRANGER_SILENCE)

    def is_opted_out_help_muted(self, now: datetime) -> bool:
        """Whether a person who opted out got the help text lately."""
        return self.opted_out_helped_until is not None and now < self.opted_out_helped_until

    def opted_out_help_sent(self, now: datetime) -> Self:
        return replace(self, opted_out_helped_until=now + OPTED_OUT_HELP_SILENCE)

    def may_send_failure_notice(self, now: datetime) -> bool:
        is_muted = self.failed_until is not None and now < self.failed_until
        return not is_muted and self.failures.value_at(now) < FAILURES_LIMIT

    def failure_notice_sent(self, now: datetime) -> Self:
        failures = self.failures.incremented(now, FAILURES_WINDOW)
        return replace(self, failures=failures, failed_until=now + FAILURE_SILENCE)

    def relay_resumes(self, now: datetime, per_minute: int, per_day: int) -> datetime | None:
        """When their messages are relayed again; None if they are now."""
        counters = ((self.relayed_minute, per_minute), (self.relayed_day, per_day))
        full = (counter.until for counter, limit in counters if counter.value_at(now) >= limit)
        return max((until for until in full if until), default=None)

    def relayed(self, now: datetime) -> Self:
        return replace(
            self,
            relayed_minute=self.relayed_minute.incremented(now, RELAYED_MINUTE),
            relayed_day=self.relayed_day.incremented(now, RELAYED_DAY),
        )

    def is_relay_refusal_muted(self, now: datetime) -> bool:
        """Whether the person was told already that they sent too many messages."""
        return self.relay_refused_until is not None and now < self.relay_refused_until

    def relay_refused(self, until: datetime) -> Self:
        return replace(self, relay_refused_until=until)

    def opened(self, now: datetime) -> Self:
        """A client opened a conversation for the person."""
        return replace(self, openings=self.openings.incremented(now, OPENINGS_WINDOW))

    def is_locked_out(self, now: datetime) -> bool:
        """Whether even a valid code is refused."""
        return self.locked_until is not None and now < self.locked_until

    def wrong_code_entered(self, now: datetime) -> Self:
        tries = self.code_attempts.incremented(now, CODE_ATTEMPTS_WINDOW)
        locked = now + LOCKOUT if tries.number >= CODE_ATTEMPTS_LIMIT else self.locked_until
        return replace(self, code_attempts=tries, locked_until=locked)

    @property
    def expires_at(self) -> datetime | None:
        """When the last limit expires; None if there is none."""
        ends = (
            *(counter.until for counter in (self.replies, self.code_attempts, self.failures)),
            *(c.until for c in (self.relayed_minute, self.relayed_day, self.openings)),
            self.helped_until,
            self.locked_until,
            self.failed_until,
            self.relay_refused_until,
            self.opted_out_helped_until,
        )
        return max((end for end in ends if end), default=None)
