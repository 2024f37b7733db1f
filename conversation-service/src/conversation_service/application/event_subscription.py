"""Subscriptions to the events of a pool. They poll the event log, so nothing is buffered."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from conversation_service.domain.errors import CursorExpired, WatchLimitReached
from conversation_service.domain.model.events import EventType
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
class EventSelection:
    """Which events of a pool; fields that are empty select every event."""

    conversation_id: str = ""
    types: frozenset[EventType] = frozenset()

    def matches(self, recorded: RecordedEvent) -> bool:
        """Whether the event is selected."""
        event = recorded.event
        is_of_conversation = self.conversation_id in ("", event.conversation_id)
        return is_of_conversation and (not self.types or event.type in self.types)


@dataclass(frozen=True, slots=True)
class EventBatch:
    """New events, or a heartbeat; a client resumes after `cursor`."""

    cursor: str
    events: list[RecordedEvent]
    is_heartbeat: bool = False


class EventSubscription:
    """One client's position in an event log."""

    def __init__(
        self, journal: EventLog, clock: Clock, selection: EventSelection, cursor: str | None
    ) -> None:
        """Without a cursor it starts after the newest event."""
        # Whether more events may be there already: a client that is behind has to catch up.
        self.is_behind = False
        self._journal = journal
        self._clock = clock
        self._selection = selection
        self._cursor = cursor
        self._last_batch_time: timedelta | None = None

    async def run_once(self) -> EventBatch | None:
        """Events since the last call; None if there are none and no heartbeat is due.

        Raises CursorExpired if events after the cursor may have been trimmed.
        """
        cursor = self._cursor if self._cursor is not None else await self._journal.latest()
        events = await self._journal.after(cursor, MAX_EVENTS)
        if is_before(cursor, await self._journal.trimmed_through()) and cursor != START:
            raise CursorExpired
        self.is_behind = len(events) == MAX_EVENTS
        cursor = self._cursor = events[-1].event_id if events else cursor
        return self._batch(cursor, [*filter(self._selection.matches, events)])

    def _batch(self, cursor: str, events: list[RecordedEvent]) -> EventBatch | None:
        now, last = self._clock.monotonic(), self._last_batch_time
        is_due = last is None or now - last >= HEARTBEAT
        if not events and not is_due:
            return None
        self._last_batch_time = now
        return EventBatch(cursor, events, is_heartbeat=not events)


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
