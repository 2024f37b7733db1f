"""Reads the texts that Flowroute has on record (v2.2)."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import structlog

from messaging_service.carrier.flowroute.account import refusal_of
from messaging_service.carrier.flowroute.fields import (
    Fields,
    e164,
    entries_of,
    fields_of,
    has_more,
    words,
)
from messaging_service.carrier.flowroute.http import ACCOUNT_CONNECTIONS, FlowrouteHttp, Reply
from messaging_service.carrier.flowroute.send import UNAVAILABLE_DELAY, parsed
from messaging_service.carrier.port import Direction, Page, Record, RecordsPage, Span
from messaging_service.config.settings import Settings
from messaging_service.limits.rate_limiter import RateLimiter
from messaging_service.model.carrier_ids import carrier_id_in
from messaging_service.model.errors import CarrierRateLimited, CarrierUnavailable
from messaging_service.model.message import Attachment
from runtime.clock import Clock
from runtime.tracing import tracer


def read_records(content: bytes, direction: Direction, page: Page) -> RecordsPage | None:
    """The records of one direction on a page, or None when it is no page."""
    body = fields_of(parsed(content))
    entries = body.get("data")
    if not isinstance(entries, list):
        return None
    listed = entries[: page.limit]
    others = [other for other in Direction if other is not direction]
    wanted = [fields for fields in map(fields_of, listed) if _direction(fields) not in others]
    files = _included(body)
    readable = (fields for fields in wanted if _direction(fields) == direction)
    records = tuple(record for fields in readable if (record := _record(fields, files)))
    return RecordsPage(
        records,
        page.offset + len(listed) if has_more(body, entries, page.limit) else None,
        skipped=len(wanted) - len(records),
    )


def moment(value: object) -> datetime | None:
    """A time with or without fractions and offset, in UTC if it names none."""
    try:
        told = datetime.fromisoformat(words(value).strip())
        return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _direction(fields: Fields) -> str:
    return words(fields_of(fields.get("attributes")).get("direction")).strip().lower()


def _record(fields: Fields, files: Mapping[str, Attachment]) -> Record | None:
    attributes = fields_of(fields.get("attributes"))
    carrier_id = carrier_id_in(fields.get("id"))
    from_number, to_number = e164(attributes.get("from")), e164(attributes.get("to"))
    if not (carrier_id and from_number and to_number):
        return None
    return Record(
        carrier_message_id=carrier_id,
        from_number=from_number,
        to_number=to_number,
        body=words(attributes.get("body")),
        time=moment(attributes.get("timestamp")),
        is_mms=attributes.get("is_mms") is True,
        attachments=tuple(_attached(fields, files)),
    )


def _attached(fields: Fields, files: Mapping[str, Attachment]) -> Iterator[Attachment]:
    media = fields_of(fields_of(fields.get("relationships")).get("media"))
    for entry in entries_of(media.get("data")):
        file = files.get(words(fields_of(entry).get("id")))
        if file:
            yield file


def _included(body: Fields) -> dict[str, Attachment]:
    """The files by their ids. That a listing has them is assumed, as JSON:API puts them."""
    included = map(fields_of, entries_of(body.get("included")))
    files = ((words(fields.get("id")), _file(fields)) for fields in included)
    return {media_id: file for media_id, file in files if media_id and file}


def _file(fields: Fields) -> Attachment | None:
    attributes = fields_of(fields.get("attributes"))
    url, size = words(attributes.get("url")), words(attributes.get("file_size"))
    if fields.get("type") != "media" or not url:
        return None
    # The contract's field has 64 bits; no file has more digits than this.
    is_size = size.isascii() and size.isdigit() and len(size) <= 15
    return Attachment(url, words(attributes.get("mime_type")), int(size) if is_size else 0)


log = structlog.get_logger()

PATH = "/v2.2/messages"

# 1000 records of the usual length are some 700 kB, and of the longest MMS some 8 MB.
ANSWER_LIMIT_BYTES = 16 * 1024 * 1024

# At two looks a second each of these is half a second; more replicas than that take turns.
PACE_WAITS = 4

LONGEST_PACE_WAIT = timedelta(seconds=1)


class FlowrouteRecords:
    """Satisfies Records."""

    def __init__(
        self, http: FlowrouteHttp, pace: RateLimiter, settings: Settings, clock: Clock
    ) -> None:
        self._http = http
        self._pace = pace
        self._clock = clock
        self._timeout_seconds = settings.send_timeout_seconds
        self._places = asyncio.Semaphore(ACCOUNT_CONNECTIONS)

    async def list_records(self, direction: Direction, span: Span, page: Page) -> RecordsPage:
        """See Records."""
        with tracer.start_as_current_span(
            "search_records", attributes={"direction": direction.value}
        ) as current:
            found = await self._found(direction, span, page)
            current.set_attribute("records", len(found.records))
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
