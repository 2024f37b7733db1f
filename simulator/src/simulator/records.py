"""The carrier's message records (MDRs) of both directions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import takewhile

from runtime.clock import Clock

# A minute of a benchmark; some 30 MB with messages of usual length.
MAX_RECORDS = 20_000


class Direction(StrEnum):
    """Direction of a message, seen from the account."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


@dataclass(frozen=True, slots=True)
class Media:
    """One attachment. `file_size` is in bytes, 0 if unknown."""

    url: str
    file_name: str
    mime_type: str
    file_size: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """One step of a delivery: level 1 up to the hand-over to the operator, level 2 after it."""

    level: int
    status: str
    status_code: int | None
    description: str
    time: datetime


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """One message. Numbers are E.164 with plus; `receipts` are ordered oldest first."""

    id: str
    direction: Direction
    from_number: str
    to_number: str
    body: str
    media: tuple[Media, ...]
    is_mms: bool
    time: datetime
    receipts: tuple[Receipt, ...] = ()

    @property
    def our_number(self) -> str:
        """The number that belongs to the account."""
        return self.from_number if self.direction is Direction.OUTBOUND else self.to_number


class MessageRecords:
    """The newest MAX_RECORDS messages, by id and by time. A fault can delay their visibility."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records: dict[str, MessageRecord] = {}
        self._visible_from: dict[str, datetime] = {}

    def add(self, record: MessageRecord, visible_from: datetime | None = None) -> None:
        """Adds a message; drops the oldest one if there are too many."""
        self._records[record.id] = record
        if visible_from:
            self._visible_from[record.id] = visible_from
        if len(self._records) > MAX_RECORDS:
            oldest = next(iter(self._records))
            del self._records[oldest]
            self._visible_from.pop(oldest, None)

    def find(self, message_id: str) -> MessageRecord | None:
        """The message with this id; None if it was dropped or is not visible yet."""
        record = self._records.get(message_id)
        return record if record and self._is_visible(record) else None

    def between(self, start: datetime, end: datetime) -> Iterator[MessageRecord]:
        """Messages from `start` to `end`, both included, newest first."""
        newest_first = reversed(self._records.values())
        recent = takewhile(lambda record: record.time >= start, newest_first)
        return (record for record in recent if record.time <= end and self._is_visible(record))

    def _is_visible(self, record: MessageRecord) -> bool:
        visible_from = self._visible_from.get(record.id)
        return visible_from is None or visible_from <= self._clock.now()
