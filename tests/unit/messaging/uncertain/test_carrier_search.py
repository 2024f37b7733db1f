"""Searching the carrier's records for messages."""

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


class ScriptedRecords:
    """Satisfies Records: these pages, then an error or the end."""

    def __init__(self, *pages: RecordsPage, error: MessagingError | None = None) -> None:
        self.pages = pages
        self.error = error
        self.asked: list[tuple[Direction, Span, Page]] = []
        self.is_asked = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()

    async def list_records(self, direction: Direction, span: Span, page: Page) -> RecordsPage:
        self.asked.append((direction, span, page))
        self.is_asked.set()
        await self.go.wait()
        at = page.offset // PAGE_SIZE
        if at < len(self.pages):
            return self.pages[at]
        raise self.error or AssertionError("asked for more than there is")


@pytest.fixture
def sent(clock: ManualClock) -> CarrierRecord:
    """The record of a text that was sent just now."""
    return CarrierRecord("mdr2-1", MASKED, ALICE, "hello", clock.now(), is_mms=False)


@pytest.fixture
def wanted(clock: ManualClock) -> SentMessage:
    """The text that the record is of."""
    return SentMessage(MASKED, ALICE, "hello", is_mms=False, start=clock.now())


async def test_the_record_of_a_message_is_found(
    clock: ManualClock, sent: CarrierRecord, wanted: SentMessage
) -> None:
    lookups = CarrierSearch(ScriptedRecords(RecordsPage((sent,))), clock)
    assert await lookups.find(wanted) == SearchResult(("mdr2-1",), is_complete=True)


@pytest.mark.parametrize(
    "other", [{"from_number": BOB}, {"to_number": BOB}, {"body": "hello "}, {"is_mms": True}]
)
async def test_a_record_that_differs_does_not_match(
    clock: ManualClock, sent: CarrierRecord, wanted: SentMessage, other: dict[str, str | bool]
) -> None:
    changed: CarrierRecord = replace(sent, **other)  # type: ignore[arg-type]
    lookups = CarrierSearch(ScriptedRecords(RecordsPage((changed,))), clock)
    assert await lookups.find(wanted) == SearchResult((), is_complete=True)


async def test_a_record_from_before_the_attempt_does_not_match_except_for_clock_skew(
    clock: ManualClock, sent: CarrierRecord, wanted: SentMessage
) -> None:
    for early, ids in ((CLOCK_SKEW, ("mdr2-1",)), (CLOCK_SKEW + timedelta(milliseconds=1), ())):
        record = replace(sent, time=clock.now() - early)
        found = await CarrierSearch(ScriptedRecords(RecordsPage((record,))), clock).find(wanted)
        assert found.carrier_message_ids == ids


async def test_of_several_that_fit_the_oldest_comes_first_and_each_once(
    clock: ManualClock, sent: CarrierRecord, wanted: SentMessage
) -> None:
    older = replace(sent, carrier_message_id="mdr2-0", time=clock.now() - timedelta(seconds=1))
    untimed = replace(sent, carrier_message_id="mdr2-2", time=None)
    lookups = CarrierSearch(ScriptedRecords(RecordsPage((sent, untimed, older, sent))), clock)
    assert (await lookups.find(wanted)).carrier_message_ids == ("mdr2-0", "mdr2-1", "mdr2-2")


async def test_a_search_covers_the_time_from_its_first_message_to_now(
    clock: ManualClock, wanted: SentMessage
) -> None:
    records = ScriptedRecords(RecordsPage(()))
    started = clock.now()
    clock.move(minutes=5)
    await CarrierSearch(records, clock).find(wanted)
    span = Span(started - CLOCK_SKEW, clock.now() + CLOCK_SKEW)
    assert records.asked == [(Direction.OUTBOUND, span, Page(PAGE_SIZE, 0))]


async def test_concurrent_searches_share_one_reading(
    clock: ManualClock, sent: CarrierRecord, wanted: SentMessage
) -> None:
    records = ScriptedRecords(RecordsPage((sent,)))
    records.go.clear()
    lookups = CarrierSearch(records, clock)
    earlier = replace(wanted, to_number=BOB, start=clock.now() - timedelta(minutes=3))
    looks = [asyncio.create_task(lookups.find(one)) for one in (wanted, wanted, earlier, wanted)]
    await records.is_asked.wait()
    late = asyncio.create_task(lookups.find(earlier))
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(records.asked) == 1
    records.go.set()
    found = await asyncio.gather(*looks, late)
    assert [len(one.carrier_message_ids) for one in found] == [1, 1, 0, 1, 0]
    # One for those that came together, one for the one that came meanwhile.
    assert len(records.asked) == 2
    assert records.asked[0][1].start == earlier.start - CLOCK_SKEW


async def test_all_pages_are_read(
    clock: ManualClock, sent: CarrierRecord, wanted: SentMessage
) -> None:
    pages = _pages(PAGES_LIMIT, last=RecordsPage((sent,)))
    found = await CarrierSearch(ScriptedRecords(*pages), clock).find(wanted)
    assert found == SearchResult(("mdr2-1",), is_complete=True)


@pytest.mark.parametrize(
    "records",
    [
        lambda sent: ScriptedRecords(
            *_pages(PAGES_LIMIT + 1, first=RecordsPage((sent,), PAGE_SIZE))
        ),
        lambda sent: ScriptedRecords(
            RecordsPage((sent,), PAGE_SIZE), error=CarrierUnavailable(timedelta(seconds=5))
        ),
        lambda sent: ScriptedRecords(RecordsPage((sent,), skipped=1)),
    ],
    ids=["more pages than are read", "a page that does not come", "a record that says nothing"],
)
async def test_an_incomplete_search_proves_only_what_it_found(
    clock: ManualClock,
    sent: CarrierRecord,
    wanted: SentMessage,
    records: Callable[[CarrierRecord], ScriptedRecords],
) -> None:
    lookups = CarrierSearch(records(sent), clock)
    assert await lookups.find(wanted) == SearchResult(("mdr2-1",), is_complete=False)
    other = replace(wanted, to_number=BOB)
    assert await CarrierSearch(records(sent), clock).find(other) == SearchResult(
        (), is_complete=False
    )


def _pages(
    count: int, *, first: RecordsPage | None = None, last: RecordsPage | None = None
) -> Sequence[RecordsPage]:
    pages = [RecordsPage((), (at + 1) * PAGE_SIZE) for at in range(count)]
    pages[0] = first or pages[0]
    pages[-1] = last or RecordsPage(())
    return pages
