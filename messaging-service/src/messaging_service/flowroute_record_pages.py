"""Reads pages of `GET /v2.2/messages`.

The fields are from logged answers: numbers without a plus, a null body for pictures alone, times
with any number of digits. Unknown fields are passed over.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from messaging_service.account import Page
from messaging_service.carrier_ids import carrier_id_in
from messaging_service.domain import Attachment
from messaging_service.flowroute_answers import parsed
from messaging_service.flowroute_fields import (
    Fields,
    e164,
    entries_of,
    fields_of,
    has_more,
    words,
)
from messaging_service.records import Direction, Record, RecordsPage


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
