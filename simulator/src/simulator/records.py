"""The carrier's message records (MDRs): every message that passed, in either direction."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import takewhile

from runtime.clock import Clock

# A benchmark's minute, or an evening of play; some 30 MB with texts of usual length.
RECORDS_KEPT = 20_000


class Direction(StrEnum):
    """Which way a message went, seen from the account."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


@dataclass(frozen=True, slots=True)
class Media:
    """One attachment. `file_size` is in bytes, 0 when whoever attached it did not say."""

    url: str
    file_name: str
    mime_type: str
    file_size: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """One step of a message's delivery: level 1 up to the hand-over, level 2 all that follows."""

    level: int
    status: str
    status_code: int | None
    description: str
    time: datetime


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """One message. Numbers are E.164 with plus; `receipts` come oldest first."""

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
        """The side of the message that belongs to the account."""
        return self.from_number if self.direction is Direction.OUTBOUND else self.to_number


class MessageRecords:
    """The newest RECORDS_KEPT messages, by id and by time. Some are shown only later."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records: dict[str, MessageRecord] = {}
        self._shown_from: dict[str, datetime] = {}

    def add(self, record: MessageRecord, shown_from: datetime | None = None) -> None:
        """Keeps a message; the oldest one is forgotten when there are too many."""
        self._records[record.id] = record
        if shown_from:
            self._shown_from[record.id] = shown_from
        if len(self._records) > RECORDS_KEPT:
            oldest = next(iter(self._records))
            del self._records[oldest]
            self._shown_from.pop(oldest, None)

    def find(self, message_id: str) -> MessageRecord | None:
        """The message with this id, if it is still known and shown already."""
        record = self._records.get(message_id)
        return record if record and self._is_shown(record) else None

    def between(self, start: datetime, end: datetime) -> Iterator[MessageRecord]:
        """Messages from `start` to `end`, both included, newest first."""
        newest_first = reversed(self._records.values())
        recent = takewhile(lambda record: record.time >= start, newest_first)
        return (record for record in recent if record.time <= end and self._is_shown(record))

    def _is_shown(self, record: MessageRecord) -> bool:
        shown_from = self._shown_from.get(record.id)
        return shown_from is None or shown_from <= self._clock.now()
