"""Looks for texts among the carrier's records: those that wait together share one reading."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from messaging_service.carrier.port import Direction, Page, Record, Records, Span
from messaging_service.model.errors import MessagingError
from messaging_service.model.message import OutboundMessage
from runtime.batching import Batcher, BatcherFull
from runtime.clock import Clock

log = structlog.get_logger()

# Our clock and the carrier's differ by less, both being set by the network.
CLOCK_SKEW = timedelta(seconds=30)

# "As high as you want", says Flowroute; with long texts a page of these is some megabytes.
PAGE_SIZE = 1000

# The records of ten minutes at eight texts a second. More of them are no quick look any more.
PAGES_LIMIT = 5

# All pages of one look; whoever asks is answered before it gives up.
LOOK_SECONDS = 15.0

# Each of them is one comparison for each record.
TEXTS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A text as it was sent, not before `start`."""

    from_number: str = field(repr=False)
    to_number: str = field(repr=False)
    body: str = field(repr=False)
    is_mms: bool
    start: datetime

    def is_in(self, record: Record) -> bool:
        """Whether the record may be this text's. One without a time may."""
        return (
            (record.from_number, record.to_number) == (self.from_number, self.to_number)
            and record.body == self.body
            and record.is_mms == self.is_mms
            and (record.time is None or record.time >= self.start - CLOCK_SKEW)
        )


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The carrier's ids of the records that fit, the oldest first.

    Only if `is_complete` does it mean anything that there are none.
    """

    carrier_message_ids: tuple[str, ...]
    is_complete: bool


class CarrierSearch:
    """Used by all texts of the process, one reading at a time."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._readings = Batcher[SentMessage, SearchResult](
            self._find_all, batch_limit=TEXTS_AT_ONCE, in_flight_limit=1
        )

    async def find(self, wanted: SentMessage) -> SearchResult:
        """What may be on record of a text. Never raises but for cancellation."""
        try:
            return await self._readings.submit(wanted)
        except BatcherFull:
            return SearchResult((), is_complete=False)

    async def _find_all(self, batch: list[SentMessage]) -> list[SearchResult]:
        start = min(wanted.start for wanted in batch) - CLOCK_SKEW
        # An end, or texts that are sent meanwhile would move the pages under the reader.
        span = Span(start, self._clock.now() + CLOCK_SKEW)
        seen: list[Record] = []
        is_complete = await self._read(span, seen)
        return [SearchResult(_ids(wanted, seen), is_complete) for wanted in batch]

    async def _read(self, span: Span, seen: list[Record]) -> bool:
        """Whether all of them could be read. What was read before counts all the same."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                return await self._read_pages(span, seen)
        except (MessagingError, TimeoutError) as error:
            log.warning("lookup_failed", error=type(error).__name__, seen=len(seen))
            return False

    async def _read_pages(self, span: Span, seen: list[Record]) -> bool:
        page, skipped = Page(PAGE_SIZE, offset=0), 0
        for _ in range(PAGES_LIMIT):
            found = await self._records.list_records(Direction.OUTBOUND, span, page)
            seen += found.records
            skipped += found.skipped
            if found.next_offset is None:
                return not skipped
            page = Page(PAGE_SIZE, found.next_offset)
        log.warning("lookup_cut_off", seen=len(seen))
        return False


def _ids(wanted: SentMessage, seen: Sequence[Record]) -> tuple[str, ...]:
    fitting = [record for record in seen if wanted.is_in(record)]
    fitting.sort(key=lambda record: record.time or wanted.start)
    return tuple(dict.fromkeys(record.carrier_message_id for record in fitting))


def wanted_for(text: OutboundMessage, *, is_mms: bool, start: datetime) -> SentMessage:
    """What to look for of a text that was sent as it is given."""
    return SentMessage(text.from_number, text.to_number, text.body, is_mms, start)
