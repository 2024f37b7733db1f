"""What happened on the phones, in order, for readers who follow and come back."""

import asyncio
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

# A reader may be away for some minutes of lively texting; later it simply loads everything anew.
EVENTS_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Event:
    """One happening. `data` is what a reader is told, ready for JSON."""

    number: int
    kind: str
    data: Mapping[str, object]


class CursorExpired(Exception):
    """The reader's place is no longer kept: it has to begin anew."""


class EventFeed:
    """A ring of events. Readers keep their own place, so a slow one costs nothing."""

    def __init__(self) -> None:
        # Told apart from the feed of an earlier process, whose numbers began at 1 as well.
        self._run = secrets.token_hex(4)
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._last = 0
        self._news = asyncio.Event()
        self.closed = False

    @property
    def last(self) -> int:
        """The number of the newest event, 0 before the first."""
        return self._last

    def publish(self, kind: str, data: Mapping[str, object]) -> None:
        """Adds an event and wakes the readers."""
        self._last += 1
        self._events.append(Event(self._last, kind, data))
        self._wake()

    def close(self) -> None:
        """Tells the readers that nothing will follow."""
        self.closed = True
        self._wake()

    def after(self, number: int) -> list[Event]:
        """The events behind `number`, oldest first. Raises Lapped when some are gone."""
        missing = self._last - number
        if missing > len(self._events):
            raise CursorExpired
        return [self._events[index] for index in range(-missing, 0)]

    async def wait(self) -> None:
        """Returns at the next event, or when the feed closes."""
        if not self.closed:
            await self._news.wait()

    def cursor(self, number: int) -> str:
        """The number as an event id that a reader may come back with."""
        return f"{self._run}-{number}"

    def place(self, cursor: str | None) -> int | None:
        """The number in a cursor; None when it is not one of this feed's."""
        run, _, number = (cursor or "").partition("-")
        if run != self._run or not (number.isascii() and number.isdigit()):
            return None
        place = int(number[:20])
        return place if place <= self._last else None

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
