"""Reads Flowroute's message records (v2.2)."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import structlog

from messaging_service.carrier.flowroute.fields import (
    Fields,
    e164,
    entries_of,
    fields_of,
    has_more,
    parse_json,
    text_of,
)
from messaging_service.carrier.flowroute.http import (
    ACCOUNT_CONNECTIONS,
    UNAVAILABLE_DELAY,
    FlowrouteHttp,
    Reply,
    read_error,
)
from messaging_service.carrier.port import CarrierRecord, Direction, Page, RecordsPage, Span
from messaging_service.config.settings import Settings
from messaging_service.limits.rate_limiter import RateLimiter
from messaging_service.model.carrier_ids import normalised_carrier_id
from messaging_service.model.errors import CarrierRateLimited, CarrierUnavailable
from messaging_service.model.message import Attachment
from runtime.clock import Clock
from runtime.tracing import tracer

log = structlog.get_logger()

PATH = "/v2.2/messages"

# 1000 records of usual length have some 700 kB, and of the longest MMS some 8 MB.
ANSWER_LIMIT_BYTES = 16 * 1024 * 1024

# At two lookups per second each wait is half a second; with more replicas the caller tries again.
RATE_WAITS_LIMIT = 4

MAX_RATE_WAIT = timedelta(seconds=1)


class FlowrouteRecords:
    """Implements CarrierRecords."""

    def __init__(
        self, http: FlowrouteHttp, limiter: RateLimiter, settings: Settings, clock: Clock
    ) -> None:
        self._http = http
        self._limiter = limiter
        self._clock = clock
        self._timeout_seconds = settings.send_timeout_seconds
        self._slots = asyncio.Semaphore(ACCOUNT_CONNECTIONS)

    async def list_records(self, direction: Direction, span: Span, page: Page) -> RecordsPage:
        with tracer.start_as_current_span(
            "search_records", attributes={"direction": direction.value}
        ) as current:
            result = await self._list(direction, span, page)
            current.set_attribute("records", len(result.records))
        return result

    async def _list(self, direction: Direction, span: Span, page: Page) -> RecordsPage:
        await self._acquire()
        reply = await self._get(span, page)
        error = read_error(reply, self._clock.now())
        if error:
            log.warning("records_refused", why=f"HTTP {reply.status}")
            raise error
        # Parsed in a thread, as a long page would delay sends.
        result = await asyncio.to_thread(read_records, reply.content, direction, page)
        if result is None:
            raise _unavailable("unreadable")
        if result.skipped:
            log.warning("records_skipped", direction=direction.value, count=result.skipped)
        return result

    async def _acquire(self) -> None:
        """Waits for the rate limiter. Raises CarrierRateLimited if it takes long."""
        wait = await self._limiter.acquire_lookup()
        for _ in range(RATE_WAITS_LIMIT):
            if wait is None:
                return
            await asyncio.sleep(min(wait, MAX_RATE_WAIT).total_seconds())
            wait = await self._limiter.acquire_lookup()
        if wait is not None:
            raise CarrierRateLimited(wait)

    async def _get(self, span: Span, page: Page) -> Reply:
        query: dict[str, int | str] = {"start_date": _format_time(span.start)}
        if span.end:
            query["end_date"] = _format_time(span.end)
        query |= {"limit": page.limit, "offset": page.offset}
        try:
            # Includes the wait for a slot, and a response that arrives byte by byte.
            async with asyncio.timeout(self._timeout_seconds), self._slots:
                return await self._http.get(PATH, query, limit_bytes=ANSWER_LIMIT_BYTES)
        except Exception as error:
            raise _unavailable(type(error).__name__) from None


def read_records(content: bytes, direction: Direction, page: Page) -> RecordsPage | None:
    """The records of one direction on a page; None if the page is malformed."""
    body = fields_of(parse_json(content))
    entries = body.get("data")
    if not isinstance(entries, list):
        return None
    listed = entries[: page.limit]
    others = [other for other in Direction if other is not direction]
    candidates = [fields for fields in map(fields_of, listed) if _direction(fields) not in others]
    files = _included(body)
    readable = (fields for fields in candidates if _direction(fields) == direction)
    records = tuple(record for fields in readable if (record := _record(fields, files)))
    return RecordsPage(
        records,
        page.offset + len(listed) if has_more(body, entries, page.limit) else None,
        skipped=len(candidates) - len(records),
    )


def parse_time(value: object) -> datetime | None:
    """An ISO time with or without fractions and offset; UTC if it names no offset."""
    try:
        time = datetime.fromisoformat(text_of(value).strip())
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _direction(fields: Fields) -> str:
    return text_of(fields_of(fields.get("attributes")).get("direction")).strip().lower()


def _record(fields: Fields, files: Mapping[str, Attachment]) -> CarrierRecord | None:
    attributes = fields_of(fields.get("attributes"))
    carrier_id = normalised_carrier_id(text_of(fields.get("id")))
    # Inbound, `from` is a person. An outbound record is compared with what was sent.
    from_number = e164(attributes.get("from"), is_own=_direction(fields) == "outbound")
    to_number = e164(attributes.get("to"), is_own=True)
    if not (carrier_id and from_number and to_number):
        return None
    return CarrierRecord(
        carrier_message_id=carrier_id,
        from_number=from_number,
        to_number=to_number,
        body=text_of(attributes.get("body")),
        time=parse_time(attributes.get("timestamp")),
        is_mms=attributes.get("is_mms") is True,
        attachments=tuple(_attachments(fields, files)),
    )


def _attachments(fields: Fields, files: Mapping[str, Attachment]) -> Iterator[Attachment]:
    media = fields_of(fields_of(fields.get("relationships")).get("media"))
    for entry in entries_of(media.get("data")):
        file = files.get(text_of(fields_of(entry).get("id")))
        if file:
            yield file


def _included(body: Fields) -> dict[str, Attachment]:
    """The files by their ids. JSON:API lists them so; Flowroute does not document it."""
    included = map(fields_of, entries_of(body.get("included")))
    files = ((text_of(fields.get("id")), _file(fields)) for fields in included)
    return {media_id: file for media_id, file in files if media_id and file}


def _file(fields: Fields) -> Attachment | None:
    attributes = fields_of(fields.get("attributes"))
    url, size = text_of(attributes.get("url")), text_of(attributes.get("file_size"))
    if fields.get("type") != "media" or not url:
        return None
    # The contract's field has 64 bits, which 15 digits always fit into.
    is_size = size.isascii() and size.isdigit() and len(size) <= 15
    return Attachment(url, text_of(attributes.get("mime_type")), int(size) if is_size else 0)


def _format_time(time: datetime) -> str:
    """Flowroute's documented form, `YYYY-MM-DDTHH:mm:ss.SSZ`."""
    utc = time.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 10_000:02d}Z"


def _unavailable(why: str) -> CarrierUnavailable:
    log.warning("records_read_failed", why=why)
    return CarrierUnavailable(UNAVAILABLE_DELAY)
