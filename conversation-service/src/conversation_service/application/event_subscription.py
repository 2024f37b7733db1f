"""Subscriptions to the events of a pool. They poll the event log, so nothing is buffered."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from conversation_service.domain.errors import CursorExpired, WatchLimitReached
from conversation_service.store.event_log import START, EventLog, RecordedEvent
from runtime.clock import Clock

# Some 50 kB in protobuf.
MAX_EVENTS = 256

# Of one caller, at one replica.
MAX_SUBSCRIPTIONS = 64

# Of all callers: each polls Redis four times a second. One caller cannot keep the others out.
MAX_SUBSCRIPTIONS_IN_ALL = 128

POLL_SECONDS = 0.25

HEARTBEAT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class EventBatch:
    """New events, or a heartbeat; a client resumes after `cursor`."""

    cursor: str
    events: list[RecordedEvent]
    is_heartbeat: bool = False


class EventSubscription:
    """One client's position in an event log."""

    def __init__(self, journal: EventLog, clock: Clock, conversation_id: str, cursor: str) -> None:
        self._journal = journal
        self._clock = clock
        self._conversation_id = conversation_id
        self._cursor = cursor
        self._last_batch_time: timedelta | None = None

    async def run_once(self) -> EventBatch | None:
        """Events since the last call; None if there are none and no heartbeat is due.

        Raises CursorExpired if events after the cursor may have been trimmed.
        """
        if not self._cursor:
            self._cursor = await self._journal.latest()
        events = await self._journal.after(self._cursor, MAX_EVENTS)
        if is_before(self._cursor, await self._journal.trimmed_through()) and self._cursor != START:
            raise CursorExpired
        self._cursor = events[-1].event_id if events else self._cursor
        return self._batch([event for event in events if self._matches(event)])

    def _batch(self, events: list[RecordedEvent]) -> EventBatch | None:
        now, last = self._clock.monotonic(), self._last_batch_time
        is_due = last is None or now - last >= HEARTBEAT
        if not events and not is_due:
            return None
        self._last_batch_time = now
        return EventBatch(self._cursor, events, is_heartbeat=not events)

    def _matches(self, recorded: RecordedEvent) -> bool:
        return self._conversation_id in ("", recorded.event.conversation_id)


class SubscriptionLimit:
    """Limits concurrent subscriptions, in all and of each caller."""

    def __init__(
        self, limit: int = MAX_SUBSCRIPTIONS_IN_ALL, per_caller: int = MAX_SUBSCRIPTIONS
    ) -> None:
        self._limit = limit
        self._per_caller = per_caller
        self._by_caller: Counter[str] = Counter()

    @contextmanager
    def slot(self, caller: str) -> Iterator[None]:
        """Counts one subscription while it lasts; raises WatchLimitReached."""
        if self._by_caller.total() >= self._limit:
            raise WatchLimitReached(self._limit)
        if self._by_caller[caller] >= self._per_caller:
            raise WatchLimitReached(self._per_caller)
        self._by_caller[caller] += 1
        try:
            yield
        finally:
            self._by_caller[caller] -= 1


def is_before(cursor: str, other: str) -> bool:
    """Whether a cursor is older than another."""
    return _parse(cursor) < _parse(other)


def _parse(cursor: str) -> tuple[int, int]:
    ms, _, sequence = cursor.partition("-")
    return int(ms), int(sequence or 0)
