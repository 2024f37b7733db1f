"""Searches the carrier's records for messages. Concurrent searches share one reading."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from messaging_service.carrier.port import CarrierRecord, CarrierRecords, Direction, Page, Span
from messaging_service.model.errors import MessagingError
from messaging_service.model.message import OutboundMessage
from runtime.batching import Batcher, BatcherFull
from runtime.clock import Clock

log = structlog.get_logger()

# Our clock and the carrier's differ by less, as both use NTP.
CLOCK_SKEW = timedelta(seconds=30)

# Flowroute sets no limit. A page of this many long messages has some megabytes.
PAGE_SIZE = 1000

# The records of ten minutes at eight messages a second; reading more would take too long.
PAGES_LIMIT = 5

# For all pages of one search, below the deadline of the caller.
SEARCH_SECONDS = 15.0

# Each message of a search is compared with each record.
SEARCH_BATCH_LIMIT = 256


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message as it was sent, not before `start`."""

    from_number: str = field(repr=False)
    to_number: str = field(repr=False)
    body: str = field(repr=False)
    is_mms: bool
    start: datetime

    def matches(self, record: CarrierRecord) -> bool:
        """Whether the record may be this message's. A record without a time may."""
        return (
            (record.from_number, record.to_number) == (self.from_number, self.to_number)
            and record.body == self.body
            and record.is_mms == self.is_mms
            and (record.time is None or record.time >= self.start - CLOCK_SKEW)
        )


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The carrier's ids of the records that match, the oldest first.

    An empty result proves only something if `is_complete`.
    """

    carrier_message_ids: tuple[str, ...]
    is_complete: bool


class CarrierSearch:
    """Used by all messages of the process; one reading at a time."""

    def __init__(self, records: CarrierRecords, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._searches = Batcher[SentMessage, SearchResult](
            self._find_all, batch_limit=SEARCH_BATCH_LIMIT, in_flight_limit=1
        )

    async def find(self, message: SentMessage) -> SearchResult:
        """The records that may be the message's. Raises only on cancellation."""
        try:
            return await self._searches.submit(message)
        except BatcherFull:
            return SearchResult((), is_complete=False)

    async def _find_all(self, batch: list[SentMessage]) -> list[SearchResult]:
        start = min(message.start for message in batch) - CLOCK_SKEW
        # Without an end, messages sent meanwhile would shift the pages.
        span = Span(start, self._clock.now() + CLOCK_SKEW)
        records: list[CarrierRecord] = []
        is_complete = await self._read(span, records)
        return [SearchResult(_ids(message, records), is_complete) for message in batch]

    async def _read(self, span: Span, records: list[CarrierRecord]) -> bool:
        """Adds to `records`; False if not all could be read."""
        try:
            async with asyncio.timeout(SEARCH_SECONDS):
                return await self._read_pages(span, records)
        except (MessagingError, TimeoutError) as error:
            log.warning("lookup_failed", error=type(error).__name__, seen=len(records))
            return False

    async def _read_pages(self, span: Span, records: list[CarrierRecord]) -> bool:
        offset, skipped = 0, 0
        for _ in range(PAGES_LIMIT):
            page = await self._records.list_records(
                Direction.OUTBOUND, span, Page(PAGE_SIZE, offset)
            )
            records += page.records
            skipped += page.skipped
            if page.next_offset is None:
                return not skipped
            offset = page.next_offset
        log.warning("lookup_cut_off", seen=len(records))
        return False


def _ids(message: SentMessage, records: Sequence[CarrierRecord]) -> tuple[str, ...]:
    matching = [record for record in records if message.matches(record)]
    matching.sort(key=lambda record: record.time or message.start)
    return tuple(dict.fromkeys(record.carrier_message_id for record in matching))


def sent_message(message: OutboundMessage, *, is_mms: bool, start: datetime) -> SentMessage:
    """What to search for. The body is the one that was given to the carrier."""
    return SentMessage(message.from_number, message.to_number, message.body, is_mms, start)
