"""Reads the texts that Flowroute has on record (v2.2)."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from messaging_service.account import Page
from messaging_service.errors import CarrierRateLimited, CarrierUnavailable
from messaging_service.flowroute_account_answers import refusal_of
from messaging_service.flowroute_answers import UNAVAILABLE_DELAY
from messaging_service.flowroute_http import ACCOUNT_CONNECTIONS, FlowrouteHttp, Reply
from messaging_service.flowroute_record_pages import read_records
from messaging_service.pace import Pace
from messaging_service.records import Direction, RecordsPage, Span
from messaging_service.settings import Settings
from runtime import tracing
from runtime.clock import Clock

log = structlog.get_logger()

PATH = "/v2.2/messages"
# 1000 records of the usual length are some 700 kB, and of the longest MMS some 8 MB.
ANSWER_LIMIT_BYTES = 16 * 1024 * 1024
# At two looks a second each of these is half a second; more replicas than that take turns.
PACE_WAITS = 4
LONGEST_PACE_WAIT = timedelta(seconds=1)


class FlowrouteRecords:
    """Satisfies Records."""

    def __init__(self, http: FlowrouteHttp, pace: Pace, settings: Settings, clock: Clock) -> None:
        self._http = http
        self._pace = pace
        self._clock = clock
        self._timeout_seconds = settings.send_timeout_seconds
        self._places = asyncio.Semaphore(ACCOUNT_CONNECTIONS)

    async def list_records(self, direction: Direction, span: Span, page: Page) -> RecordsPage:
        """See Records."""
        with tracing.span("search_records", direction=direction.value) as one:
            found = await self._found(direction, span, page)
            one.tell(records=len(found.records))
        return found

    async def _found(self, direction: Direction, span: Span, page: Page) -> RecordsPage:
        await self._admitted()
        reply = await self._get(span, page)
        refusal = refusal_of(reply.status, reply.headers, self._clock.now())
        if refusal:
            log.warning("records_refused", why=f"HTTP {reply.status}")
            raise refusal
        # A long page is read on the side, for texts are sent meanwhile.
        found = await asyncio.to_thread(read_records, reply.content, direction, page)
        if found is None:
            raise _unavailable("unreadable")
        if found.skipped:
            log.warning("records_skipped", direction=direction.value, count=found.skipped)
        return found

    async def _admitted(self) -> None:
        """Waits for the account's pace. Raises CarrierRateLimited when it takes long."""
        wait = await self._pace.admit_lookup()
        for _ in range(PACE_WAITS):
            if wait is None:
                return
            await asyncio.sleep(min(wait, LONGEST_PACE_WAIT).total_seconds())
            wait = await self._pace.admit_lookup()
        if wait is not None:
            raise CarrierRateLimited(wait)

    async def _get(self, span: Span, page: Page) -> Reply:
        query: dict[str, int | str] = {"start_date": _written(span.start)}
        if span.end:
            query["end_date"] = _written(span.end)
        query |= {"limit": page.limit, "offset": page.offset}
        try:
            # Around everything: the wait for a place, and an answer that trickles in.
            async with asyncio.timeout(self._timeout_seconds), self._places:
                return await self._http.get(PATH, query, limit_bytes=ANSWER_LIMIT_BYTES)
        except Exception as error:
            raise _unavailable(type(error).__name__) from None


def _written(moment: datetime) -> str:
    """As Flowroute documents it, `YYYY-MM-DDTHH:mm:ss.SSZ`."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 10_000:02d}Z"


def _unavailable(why: str) -> CarrierUnavailable:
    log.warning("records_read_failed", why=why)
    return CarrierUnavailable(UNAVAILABLE_DELAY)
