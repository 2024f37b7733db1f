"""Which text may go next: one recipient's in order, different recipients side by side."""

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from conversation_service.store.outbox.entry import OutboxEntry

# What is held of texts in memory beyond their place: enough for every lane's next one, and one
# lane with very many texts leaves room for all others. The rest is read again when it is due.
QUEUE_LIMIT = 4

TOTAL_LIMIT = 1024

# Codes and endings go before talk, but not for ever: however many are asked for, talk gets a fifth.
SYSTEM_IN_A_ROW = 4

# A masked number and who it texts: the order of these texts is promised.
RecipientKey = tuple[str, str]

_Ticket = tuple[int, RecipientKey]


@dataclass(slots=True)
class QueuedEntry:
    """A text's place in its lane; `text` is None while it is not held in memory."""

    entry_id: str
    is_relayed: bool
    text: OutboxEntry | None


@dataclass(slots=True)
class RecipientQueue:
    """One recipient's texts that are not settled, and how it went with the first of them.

    `failures` are all that it was not sent; `tries` those that may have been its own fault.
    `others_sent` is how many texts of the pool had been sent when it was last tried.
    """

    name: RecipientKey = field(repr=False)
    ticket: int
    places: deque[QueuedEntry] = field(default_factory=deque, repr=False)
    failures: int = 0
    tries: int = 0
    others_sent: int = 0

    @property
    def head(self) -> QueuedEntry:
        """The text that is next."""
        return self.places[0]


class RecipientQueues:
    """The texts that were read and are not settled. A lane that was served goes to the end.

    A conversation has two lanes, one for each of its participants, so none starves another.
    """

    def __init__(self) -> None:
        self._lanes: dict[RecipientKey, RecipientQueue] = {}
        self._busy: set[RecipientKey] = set()
        self._system: list[_Ticket] = []
        self._talk: list[_Ticket] = []
        self._paused: list[tuple[datetime, RecipientKey]] = []
        self._entries: set[str] = set()
        self._held = 0
        self._tickets = count()
        self._system_in_a_row = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, texts: Iterable[OutboxEntry]) -> None:
        """Puts texts behind those accepted before them; what is here already stays where it is."""
        for text in texts:
            if text.entry_id not in self._entries:
                self._entries.add(text.entry_id)
                self._append(text)

    def take(self, limit: int, now: datetime) -> list[RecipientQueue]:
        """The lanes whose first texts go next, at most `limit`; they are busy then."""
        self.wake(now)
        taken: list[RecipientQueue] = []
        in_a_row = self._system_in_a_row
        while len(taken) < limit and (lane := self._next(in_a_row)):
            in_a_row = 0 if lane.head.is_relayed else in_a_row + 1
            taken.append(lane)
        self._busy.update(lane.name for lane in taken)
        return taken

    def is_busy(self, lane: RecipientQueue) -> bool:
        """Whether it was taken and nothing has been said of it since."""
        return lane.name in self._busy

    def done(self, lane: RecipientQueue) -> None:
        """Its first text is answered for: the next one may go when it is the lane's turn."""
        place = lane.places.popleft()
        self._entries.discard(place.entry_id)
        self._held -= place.text is not None
        self._system_in_a_row = 0 if place.is_relayed else self._system_in_a_row + 1
        self._busy.discard(lane.name)
        lane.failures = lane.tries = lane.others_sent = 0
        if lane.places:
            self._queue(lane, next(self._tickets))
        else:
            del self._lanes[lane.name]

    def release(self, lane: RecipientQueue) -> None:
        """There was no room for its first text: it keeps its turn."""
        self._busy.discard(lane.name)
        self._queue(lane, lane.ticket)

    def pause(self, lane: RecipientQueue, until: datetime) -> None:
        """Its first text was not sent: it stays first and goes again after a while."""
        self._busy.discard(lane.name)
        heapq.heappush(self._paused, (until, lane.name))

    def wake(self, now: datetime) -> None:
        """Lanes whose pause is over go to the end."""
        while self._paused and self._paused[0][0] <= now:
            _, name = heapq.heappop(self._paused)
            self._queue(self._lanes[name], next(self._tickets))

    def next_try(self) -> datetime | None:
        """When the first pause is over."""
        return self._paused[0][0] if self._paused else None

    def _append(self, text: OutboxEntry) -> None:
        name = recipient_key(text)
        lane = self._lanes.get(name) or RecipientQueue(name, ticket=0)
        is_held = len(lane.places) < QUEUE_LIMIT and self._held < TOTAL_LIMIT
        self._held += is_held
        lane.places.append(
            QueuedEntry(text.entry_id, text.envelope.is_relayed, text if is_held else None)
        )
        if name not in self._lanes:
            self._lanes[name] = lane
            self._queue(lane, next(self._tickets))

    def _next(self, in_a_row: int) -> RecipientQueue | None:
        is_talks_turn = not self._system or (self._talk and in_a_row >= SYSTEM_IN_A_ROW)
        waiting = self._talk if is_talks_turn else self._system
        return self._lanes[heapq.heappop(waiting)[1]] if waiting else None

    def _queue(self, lane: RecipientQueue, ticket: int) -> None:
        lane.ticket = ticket
        waiting = self._talk if lane.head.is_relayed else self._system
        heapq.heappush(waiting, (ticket, lane.name))


def recipient_key(text: OutboxEntry) -> RecipientKey:
    """The lane a text goes in."""
    return text.envelope.from_number, text.envelope.to_number
