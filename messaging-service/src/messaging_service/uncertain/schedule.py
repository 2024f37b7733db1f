"""When a lost answer is looked into, and what is done when that tells nothing. No I/O."""

from dataclasses import dataclass
from datetime import timedelta

from messaging_service.model.message import UnknownPolicy, UnknownResolution

# A receipt may come in between, and asking again costs one look at the ledger.
LONGEST_PAUSE = timedelta(seconds=2)

# A look is due at once, but nobody asks in a busy loop.
SHORTEST_PAUSE = timedelta(milliseconds=100)

# By the default schedule some 40 minutes of a carrier that takes nothing and does not say so.
MAX_RESENDS = 8

# Where even the records cannot be read, each of these may be a copy.
BLIND_RESENDS_LIMIT = 2


@dataclass(frozen=True, slots=True)
class LookupSchedule:
    """The times of the looks at the carrier's records, from when the answer was lost.

    One more look comes after the last one if that could not be made.
    """

    times: tuple[timedelta, ...]

    def is_due(self, waited: timedelta, looked: int) -> bool:
        """Whether it is time for a look, after so many times that are done with."""
        return waited >= self._time(looked)

    def pause(self, waited: timedelta, looked: int) -> timedelta:
        """When to ask again."""
        left = self._time(looked) - waited
        return min(max(left, SHORTEST_PAUSE), LONGEST_PAUSE)

    def done(self, waited: timedelta, looked: int) -> int:
        """How many times are done with after one more look: it stands for all that passed."""
        return max(looked + 1, sum(time <= waited for time in self.times))

    def is_last(self, looked: int) -> bool:
        """Whether a look that found nothing was the last one of the schedule."""
        return looked >= len(self.times)

    def is_over(self, looked: int) -> bool:
        """Whether the look after the last one was made as well."""
        return looked > len(self.times)

    def _time(self, looked: int) -> timedelta:
        if looked < len(self.times):
            return self.times[looked]
        before_last, last = (timedelta(0), *self.times)[-2:]
        return last + (last - before_last)


def resolution_for(
    schedule: LookupSchedule, looked: int, *, is_complete: bool, resends: int, policy: UnknownPolicy
) -> UnknownResolution | None:
    """What becomes of a text that is not on record; None to look again later.

    `is_complete` is whether the look saw all records there were.
    """
    if not schedule.is_last(looked):
        return None
    if not is_complete and not schedule.is_over(looked):
        return None
    if is_complete and resends < MAX_RESENDS:
        return UnknownResolution.SENT_AGAIN
    prefers_duplicate = policy is UnknownPolicy.PREFER_DUPLICATE and not is_complete
    if prefers_duplicate and resends < BLIND_RESENDS_LIMIT:
        return UnknownResolution.PREFERRED_DUPLICATE
    return UnknownResolution.PREFERRED_LOSS
