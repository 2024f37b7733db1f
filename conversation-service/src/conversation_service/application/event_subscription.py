"""Watches of what happens in a pool, pulled from the journal: nothing is buffered for anybody."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from conversation_service.domain.errors import CursorExpired, TooManyWatchers
from conversation_service.store.event_log import START, EventLog, RecordedEvent
from runtime.clock import Clock

# A page on the wire is some 50 kB.
PAGE = 256

# Each watch asks Redis a few times a second.
WATCHERS_LIMIT = 64

PAUSE_SECONDS = 0.25

HEARTBEAT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class EventBatch:
    """What a look brought: events, or a heartbeat; `cursor` resumes behind it."""

    cursor: str
    events: list[RecordedEvent]
    is_heartbeat: bool = False


class EventSubscription:
    """One watcher's place in a journal."""

    def __init__(self, journal: EventLog, clock: Clock, conversation_id: str, cursor: str) -> None:
        self._journal = journal
        self._clock = clock
        self._conversation_id = conversation_id
        self._cursor = cursor
        self._last_word: datetime | None = None

    async def run_once(self) -> EventBatch | None:
        """What has happened since the last look; None when there is nothing to say yet.

        Raises CursorExpired when some of it may be gone.
        """
        if not self._cursor:
            self._cursor = await self._journal.newest()
        found = await self._journal.after(self._cursor, PAGE)
        if before(self._cursor, await self._journal.floor()) and self._cursor != START:
            raise CursorExpired
        self._cursor = found[-1].event_id if found else self._cursor
        return self._sight([one for one in found if self._concerns(one)])

    def _sight(self, events: list[RecordedEvent]) -> EventBatch | None:
        now = self._clock.now()
        is_due = self._last_word is None or now - self._last_word >= HEARTBEAT
        if not events and not is_due:
            return None
        self._last_word = now
        return EventBatch(self._cursor, events, is_heartbeat=not events)

    def _concerns(self, one: RecordedEvent) -> bool:
        return self._conversation_id in ("", one.event.conversation_id)


class SubscriptionLimit:
    """How many watch at the same time."""

    def __init__(self, limit: int = WATCHERS_LIMIT) -> None:
        self._limit = limit
        self._number = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """A place for one watcher; raises TooManyWatchers."""
        if self._number >= self._limit:
            raise TooManyWatchers
        self._number += 1
        try:
            yield
        finally:
            self._number -= 1


def before(cursor: str, other: str) -> bool:
    """Whether one cursor lies before another."""
    return _place(cursor) < _place(other)


def _place(cursor: str) -> tuple[int, int]:
    ms, _, number = cursor.partition("-")
    return int(ms), int(number or 0)
