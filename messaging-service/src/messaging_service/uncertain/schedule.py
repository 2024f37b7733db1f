"""When an uncertain send is looked up, and what follows if it is not on record. No I/O."""

from dataclasses import dataclass
from datetime import timedelta

from messaging_service.model.message import SendResolution, UncertainSendPolicy

# A receipt may come between two lookups, and asking again costs one read of the ledger.
MAX_RETRY_DELAY = timedelta(seconds=2)

# A lookup may be due at once, but callers must not ask in a busy loop.
MIN_RETRY_DELAY = timedelta(milliseconds=100)

# With the default schedule some 40 minutes of a carrier that drops messages without an error.
MAX_RESENDS = 8

# While the records cannot be read, each resend may be a duplicate.
BLIND_RESENDS_LIMIT = 2


@dataclass(frozen=True, slots=True)
class LookupSchedule:
    """The times of the lookups, counted from the uncertain send.

    One more lookup follows the last one if that one could not read all records.
    """

    times: tuple[timedelta, ...]

    def is_due(self, waited: timedelta, done: int) -> bool:
        """Whether it is time for a lookup after `done` of them."""
        return waited >= self._time(done)

    def retry_after(self, waited: timedelta, done: int) -> timedelta:
        """When the caller should ask again."""
        left = self._time(done) - waited
        if left < -MAX_RETRY_DELAY:
            # A late lookup has just failed: the next one is no use at once.
            return MAX_RETRY_DELAY
        return min(max(left, MIN_RETRY_DELAY), MAX_RETRY_DELAY)

    def done(self, waited: timedelta, done: int, *, has_failed: bool) -> int:
        """The lookups done after one more.

        It stands for all whose time has passed, unless it has failed to read all records: after an
        outage all times have passed and the first lookup often fails as well, so it counts once.
        """
        passed = sum(time <= waited for time in self.times) if not has_failed else 0
        return max(done + 1, passed)

    def is_last(self, done: int) -> bool:
        """Whether the lookup was the last one of the schedule."""
        return done >= len(self.times)

    def is_over(self, done: int) -> bool:
        """Whether the additional lookup was made as well."""
        return done > len(self.times)

    def _time(self, done: int) -> timedelta:
        if done < len(self.times):
            return self.times[done]
        before_last, last = (timedelta(0), *self.times)[-2:]
        return last + (last - before_last)


def resolution_for(
    schedule: LookupSchedule,
    done: int,
    *,
    is_complete: bool,
    resends: int,
    policy: UncertainSendPolicy,
) -> SendResolution | None:
    """The resolution for a message that is not on record; None to look it up again later.

    `is_complete` is whether the lookup read all records.
    """
    if not schedule.is_last(done):
        return None
    if not is_complete and not schedule.is_over(done):
        return None
    if is_complete and resends < MAX_RESENDS:
        return SendResolution.SENT_AGAIN
    prefers_duplicate = policy is UncertainSendPolicy.PREFER_DUPLICATE and not is_complete
    if prefers_duplicate and resends < BLIND_RESENDS_LIMIT:
        return SendResolution.PREFERRED_DUPLICATE
    return SendResolution.PREFERRED_LOSS
