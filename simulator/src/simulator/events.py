"""Ordered events of the phones, for readers that follow and resume."""

import asyncio
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

# Some minutes of busy texting; a reader that was away longer reloads everything.
MAX_EVENTS = 2_000


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `data` can be written as JSON."""

    number: int
    kind: str
    data: Mapping[str, object]


class CursorExpired(Exception):
    """Events after the reader's position were dropped: it has to reload everything."""


class EventFeed:
    """A ring buffer of events. Readers keep their own position, so a slow one costs nothing."""

    def __init__(self) -> None:
        # Distinguishes cursors of this process from those of an earlier one.
        self._run = secrets.token_hex(4)
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._last = 0
        self._changed = asyncio.Event()
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
        """Ends all readers."""
        self.closed = True
        self._wake()

    def after(self, number: int) -> list[Event]:
        """The events after `number`, oldest first. Raises CursorExpired if some were dropped."""
        missing = self._last - number
        if missing > len(self._events):
            raise CursorExpired
        return [self._events[index] for index in range(-missing, 0)]

    async def wait(self) -> None:
        """Returns at the next event, or when the feed closes."""
        if not self.closed:
            await self._changed.wait()

    def cursor(self, number: int) -> str:
        """The number as an event id from which a reader can resume."""
        return f"{self._run}-{number}"

    def position(self, cursor: str | None) -> int | None:
        """The number in a cursor; None if this feed did not create it."""
        run, _, number = (cursor or "").partition("-")
        if run != self._run or not (number.isascii() and number.isdigit()):
            return None
        position = int(number[:20])
        return position if position <= self._last else None

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
