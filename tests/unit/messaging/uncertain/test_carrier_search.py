import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from messaging_service.carrier.port import CarrierRecord, Direction, Page, RecordsPage, Span
from messaging_service.model.errors import CarrierUnavailable, MessagingError
from messaging_service.uncertain.carrier_search import (
    CLOCK_SKEW,
    PAGE_SIZE,
    PAGES_LIMIT,
    CarrierSearch,
    SearchResult,
    SentMessage,
)
from support.clock import ManualClock

MASKED, ALICE, BOB = "+12065550100", "+14255550111", "+14255550122"
NOW = ManualClock().now()
RECORD = CarrierRecord("mdr2-1", MASKED, ALICE, "hello", NOW, is_mms=False)
WANTED = SentMessage(MASKED, ALICE, "hello", is_mms=False, start=NOW)


class ScriptedRecords:
    """Implements CarrierRecords: these pages, then an error."""

    def __init__(self, *pages: RecordsPage, error: MessagingError | None = None) -> None:
        self.pages = pages
        self.error = error
        self.calls: list[tuple[Direction, Span, Page]] = []
        self.is_called = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()

    async def list_records(self, direction: Direction, span: Span, page: Page) -> RecordsPage:
        self.calls.append((direction, span, page))
        self.is_called.set()
        await self.go.wait()
        at = page.offset // PAGE_SIZE
        if at < len(self.pages):
            return self.pages[at]
        raise self.error or AssertionError("there is no such page")


async def find(*records: CarrierRecord) -> SearchResult:
    return await CarrierSearch(ScriptedRecords(RecordsPage(records)), ManualClock()).find(WANTED)


@pytest.mark.parametrize(
    "other",
    [
        replace(RECORD, from_number=BOB),
        replace(RECORD, to_number=BOB),
        replace(RECORD, body="hello "),
        replace(RECORD, is_mms=True),
    ],
)
async def test_a_record_that_differs_does_not_match(other: CarrierRecord) -> None:
    assert await find(other) == SearchResult((), is_complete=True)


async def test_a_record_from_before_the_attempt_does_not_match_except_for_clock_skew() -> None:
    earliest = NOW - CLOCK_SKEW
    assert (await find(replace(RECORD, time=earliest))).carrier_message_ids == ("mdr2-1",)
    earlier = replace(RECORD, time=earliest - timedelta(milliseconds=1))
    assert (await find(earlier)).carrier_message_ids == ()


async def test_of_several_matches_the_oldest_comes_first_and_each_once() -> None:
    older = replace(RECORD, carrier_message_id="mdr2-0", time=NOW - timedelta(seconds=1))
    untimed = replace(RECORD, carrier_message_id="mdr2-2", time=None)
    matches = await find(RECORD, untimed, older, RECORD)
    assert matches.carrier_message_ids == ("mdr2-0", "mdr2-1", "mdr2-2")


async def test_a_search_covers_the_time_from_its_first_message_to_now(clock: ManualClock) -> None:
    records = ScriptedRecords(RecordsPage(()))
    clock.move(minutes=5)
    await CarrierSearch(records, clock).find(WANTED)
    span = Span(NOW - CLOCK_SKEW, clock.now() + CLOCK_SKEW)
    assert records.calls == [(Direction.OUTBOUND, span, Page(PAGE_SIZE, 0))]


async def test_concurrent_searches_share_one_reading(clock: ManualClock) -> None:
    records = ScriptedRecords(RecordsPage((RECORD,)))
    records.go.clear()
    search = CarrierSearch(records, clock)
    earlier = replace(WANTED, to_number=BOB, start=NOW - timedelta(minutes=3))
    messages = (WANTED, WANTED, earlier, WANTED)
    searches = [asyncio.create_task(search.find(message)) for message in messages]
    await records.is_called.wait()
    late = asyncio.create_task(search.find(earlier))
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(records.calls) == 1
    records.go.set()
    results = await asyncio.gather(*searches, late)
    assert [len(result.carrier_message_ids) for result in results] == [1, 1, 0, 1, 0]
    # One for the searches that came together, one for the search that came meanwhile.
    assert len(records.calls) == 2
    assert records.calls[0][1].start == earlier.start - CLOCK_SKEW


async def test_all_pages_are_read(clock: ManualClock) -> None:
    pages = _pages(PAGES_LIMIT, last=RecordsPage((RECORD,)))
    result = await CarrierSearch(ScriptedRecords(*pages), clock).find(WANTED)
    assert result == SearchResult(("mdr2-1",), is_complete=True)


FIRST = RecordsPage((RECORD,), PAGE_SIZE)


@pytest.mark.parametrize(
    "records",
    [
        lambda: ScriptedRecords(FIRST, *_pages(PAGES_LIMIT + 1)[1:]),
        lambda: ScriptedRecords(FIRST, error=CarrierUnavailable(timedelta(seconds=5))),
        lambda: ScriptedRecords(RecordsPage((RECORD,), skipped=1)),
    ],
    ids=["more pages than are read", "a page that does not come", "a skipped record"],
)
async def test_an_incomplete_search_proves_only_what_it_found(
    clock: ManualClock, records: Callable[[], ScriptedRecords]
) -> None:
    result = await CarrierSearch(records(), clock).find(WANTED)
    assert result == SearchResult(("mdr2-1",), is_complete=False)
    result = await CarrierSearch(records(), clock).find(replace(WANTED, to_number=BOB))
    assert result == SearchResult((), is_complete=False)


def _pages(count: int, last: RecordsPage | None = None) -> Sequence[RecordsPage]:
    pages = [RecordsPage((), (at + 1) * PAGE_SIZE) for at in range(count - 1)]
    return [*pages, last or RecordsPage(())]
