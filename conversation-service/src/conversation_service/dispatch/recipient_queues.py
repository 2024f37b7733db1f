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

TOTAL_LIMIT = 4096

# System messages go before relayed messages, but relayed messages get at least a fifth.
SYSTEM_IN_A_ROW = 4

# A masked number and the recipient's number: messages of one pair are sent in order.
RecipientKey = tuple[str, str]

# Messages that may use the budget's reserve go first, then those of the queue with the fewest
# segments, then those that waited longest.
_Position = tuple[bool, int, int]

_Turn = tuple[_Position, RecipientKey]


@dataclass(slots=True)
class QueuedEntry:
    """An entry's place in its queue; `entry` is None if its message is not kept in memory."""

    entry_id: str
    is_relayed: bool
    uses_reserve: bool
    segments: int
    entry: OutboxEntry | None


@dataclass(slots=True)
class RecipientQueue:
    """The unsettled entries for one recipient, and the failures of the first of them.

    `failures` counts all attempts that did not send it, `counted_attempts` those that it may have
    caused itself. `sent_elsewhere` is the pool's number of sent messages at its last attempt.
    """

    key: RecipientKey = field(repr=False)
    # The segments that it was served, counted from those of the queue that was served last.
    served: int
    order: int = 0
    entries: deque[QueuedEntry] = field(default_factory=deque, repr=False)
    failures: int = 0
    counted_attempts: int = 0
    sent_elsewhere: int = 0

    @property
    def head(self) -> QueuedEntry:
        """The entry that is sent next."""
        return self.entries[0]


class RecipientQueues:
    """The entries that were read and are not settled. Queues take turns by segments.

    A long message costs its queue as many turns as it has segments. A conversation has two queues,
    one per participant, so neither delays the other.
    """

    def __init__(self) -> None:
        self._queues: dict[RecipientKey, RecipientQueue] = {}
        self._busy: set[RecipientKey] = set()
        self._system: list[_Turn] = []
        self._relayed: list[_Turn] = []
        self._backing_off: list[tuple[timedelta, RecipientKey]] = []
        self._entry_ids: set[str] = set()
        self._in_memory = 0
        self._orders = count()
        # What the queue had been served that got the last turn: others begin or resume there.
        self._served = 0
        self._system_in_a_row = 0

    def __len__(self) -> int:
        return len(self._entry_ids)

    def add(self, entries: Iterable[OutboxEntry]) -> None:
        """Appends entries to their queues; an entry that is here already keeps its place."""
        for entry in entries:
            if entry.entry_id not in self._entry_ids:
                self._entry_ids.add(entry.entry_id)
                self._append(entry)

    def next_batch(
        self, limit: int, now: timedelta, *, reserve_only: bool = False
    ) -> list[RecipientQueue]:
        """The queues whose heads are sent next, at most `limit`; they become busy.

        With `reserve_only` only those whose heads may use the budget's reserve.
        """
        self.requeue_due(now)
        batch: list[RecipientQueue] = []
        in_a_row = self._system_in_a_row
        while len(batch) < limit and (queue := self._pop(in_a_row, reserve_only=reserve_only)):
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
        self._served = max(self._served, queue.served)
        queue.served += head.segments
        if queue.entries:
            self._push_last(queue)
        else:
            del self._queues[queue.key]

    def requeue(self, queue: RecipientQueue) -> None:
        """The head was throttled: the queue keeps its turn."""
        self._busy.discard(queue.key)
        self._push(queue)

    def back_off(self, queue: RecipientQueue, until: timedelta) -> None:
        """The head was not sent: the queue waits until then, by the monotonic clock."""
        self._busy.discard(queue.key)
        heapq.heappush(self._backing_off, (until, queue.key))

    def requeue_due(self, now: timedelta) -> None:
        """Queues that have waited long enough go to the end. Their time is not made up for."""
        while self._backing_off and self._backing_off[0][0] <= now:
            _, key = heapq.heappop(self._backing_off)
            queue = self._queues[key]
            queue.served = max(queue.served, self._served)
            self._push_last(queue)

    def next_due(self) -> timedelta | None:
        """When the first queue has waited long enough; None if none waits."""
        return self._backing_off[0][0] if self._backing_off else None

    def _append(self, entry: OutboxEntry) -> None:
        message = entry.message
        key = message.from_number, message.to.phone_number
        queue = self._queues.get(key) or RecipientQueue(key, self._served)
        is_kept = len(queue.entries) < QUEUE_LIMIT and self._in_memory < TOTAL_LIMIT
        self._in_memory += is_kept
        queue.entries.append(
            QueuedEntry(
                entry.entry_id,
                message.is_relayed,
                message.uses_reserve,
                message.segment_count,
                entry if is_kept else None,
            )
        )
        if key not in self._queues:
            self._queues[key] = queue
            self._push_last(queue)

    def _pop(self, in_a_row: int, *, reserve_only: bool) -> RecipientQueue | None:
        has_reserve = bool(self._system) and not self._system[0][0][0]
        if reserve_only and not has_reserve:
            return None
        is_relayed_turn = not self._system or (self._relayed and in_a_row >= SYSTEM_IN_A_ROW)
        waiting = self._relayed if is_relayed_turn and not reserve_only else self._system
        return self._queues[heapq.heappop(waiting)[1]] if waiting else None

    def _push_last(self, queue: RecipientQueue) -> None:
        queue.order = next(self._orders)
        self._push(queue)

    def _push(self, queue: RecipientQueue) -> None:
        head = queue.head
        waiting = self._relayed if head.is_relayed else self._system
        position = not head.uses_reserve, queue.served, queue.order
        heapq.heappush(waiting, (position, queue.key))
