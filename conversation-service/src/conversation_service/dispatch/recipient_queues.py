"""One FIFO queue per recipient, and fair turns between the queues."""

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from conversation_service.store.outbox.entry import OutboxEntry

# Entries whose message is kept in memory: per queue, so that one long queue leaves room for the
# others, and in total. The others are kept as their ids, and read again when they are due.
QUEUE_LIMIT = 4

TOTAL_LIMIT = 1024

# System messages go before relayed messages, but relayed messages get at least a fifth.
SYSTEM_IN_A_ROW = 4

# A masked number and the recipient's number: messages of one pair are sent in order.
RecipientKey = tuple[str, str]

# The queues with the lowest position go first.
_Turn = tuple[int, RecipientKey]


@dataclass(slots=True)
class QueuedEntry:
    """An entry's place in its queue; `entry` is None if its message is not kept in memory."""

    entry_id: str
    is_relayed: bool
    entry: OutboxEntry | None


@dataclass(slots=True)
class RecipientQueue:
    """The unsettled entries for one recipient, and the failures of the first of them.

    `failures` counts all attempts that did not send it, `counted_attempts` those that it may have
    caused itself. `sent_elsewhere` is the pool's number of sent messages at its last attempt.
    """

    key: RecipientKey = field(repr=False)
    position: int
    entries: deque[QueuedEntry] = field(default_factory=deque, repr=False)
    failures: int = 0
    counted_attempts: int = 0
    sent_elsewhere: int = 0

    @property
    def head(self) -> QueuedEntry:
        """The entry that is sent next."""
        return self.entries[0]


class RecipientQueues:
    """The entries that were read and are not settled. A queue that was served goes to the end.

    A conversation has two queues, one per participant, so neither delays the other.
    """

    def __init__(self) -> None:
        self._queues: dict[RecipientKey, RecipientQueue] = {}
        self._busy: set[RecipientKey] = set()
        self._system: list[_Turn] = []
        self._relayed: list[_Turn] = []
        self._backing_off: list[tuple[timedelta, RecipientKey]] = []
        self._entry_ids: set[str] = set()
        self._in_memory = 0
        self._positions = count()
        self._system_in_a_row = 0

    def __len__(self) -> int:
        return len(self._entry_ids)

    def add(self, entries: Iterable[OutboxEntry]) -> None:
        """Appends entries to their queues; an entry that is here already keeps its place."""
        for entry in entries:
            if entry.entry_id not in self._entry_ids:
                self._entry_ids.add(entry.entry_id)
                self._append(entry)

    def next_batch(self, limit: int, now: timedelta) -> list[RecipientQueue]:
        """The queues whose heads are sent next, at most `limit`; they become busy."""
        self.requeue_due(now)
        batch: list[RecipientQueue] = []
        in_a_row = self._system_in_a_row
        while len(batch) < limit and (queue := self._pop(in_a_row)):
            in_a_row = 0 if queue.head.is_relayed else in_a_row + 1
            batch.append(queue)
        self._busy.update(queue.key for queue in batch)
        return batch

    def is_busy(self, queue: RecipientQueue) -> bool:
        """Whether the queue's head is being sent."""
        return queue.key in self._busy

    def advance(self, queue: RecipientQueue) -> None:
        """The head is settled: the next entry is sent when it is the queue's turn."""
        head = queue.entries.popleft()
        self._entry_ids.discard(head.entry_id)
        self._in_memory -= head.entry is not None
        self._system_in_a_row = 0 if head.is_relayed else self._system_in_a_row + 1
        self._busy.discard(queue.key)
        queue.failures = queue.counted_attempts = queue.sent_elsewhere = 0
        if queue.entries:
            self._push(queue, next(self._positions))
        else:
            del self._queues[queue.key]

    def requeue(self, queue: RecipientQueue) -> None:
        """The head was throttled: the queue keeps its turn."""
        self._busy.discard(queue.key)
        self._push(queue, queue.position)

    def back_off(self, queue: RecipientQueue, until: timedelta) -> None:
        """The head was not sent: the queue waits until then, by the monotonic clock."""
        self._busy.discard(queue.key)
        heapq.heappush(self._backing_off, (until, queue.key))

    def requeue_due(self, now: timedelta) -> None:
        """Queues that have waited long enough go to the end."""
        while self._backing_off and self._backing_off[0][0] <= now:
            _, key = heapq.heappop(self._backing_off)
            self._push(self._queues[key], next(self._positions))

    def next_due(self) -> timedelta | None:
        """When the first queue has waited long enough; None if none waits."""
        return self._backing_off[0][0] if self._backing_off else None

    def _append(self, entry: OutboxEntry) -> None:
        message = entry.message
        key = message.from_number, message.to.phone_number
        queue = self._queues.get(key) or RecipientQueue(key, position=0)
        is_kept = len(queue.entries) < QUEUE_LIMIT and self._in_memory < TOTAL_LIMIT
        self._in_memory += is_kept
        queue.entries.append(
            QueuedEntry(entry.entry_id, message.is_relayed, entry if is_kept else None)
        )
        if key not in self._queues:
            self._queues[key] = queue
            self._push(queue, next(self._positions))

    def _pop(self, in_a_row: int) -> RecipientQueue | None:
        is_relayed_turn = not self._system or (self._relayed and in_a_row >= SYSTEM_IN_A_ROW)
        waiting = self._relayed if is_relayed_turn else self._system
        return self._queues[heapq.heappop(waiting)[1]] if waiting else None

    def _push(self, queue: RecipientQueue, position: int) -> None:
        queue.position = position
        waiting = self._relayed if queue.head.is_relayed else self._system
        heapq.heappush(waiting, (position, queue.key))
