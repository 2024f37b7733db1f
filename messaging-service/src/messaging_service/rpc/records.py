"""Maps the RPCs of records and files to and from protobuf."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from maskline.messaging.v1 import carrier_pb2
from maskline.messaging.v1 import messaging_pb2 as pb
from messaging_service.carrier.port import CarrierRecord, Page, RecordsPage, Span
from messaging_service.model.carrier_accounts import ONLY_ACCOUNT, check_account
from messaging_service.model.errors import InvalidArgument
from messaging_service.model.media import FetchedText, Media
from messaging_service.model.message import Attachment
from runtime.grpc.status import FieldViolation

# The contract's limits.
DEFAULT_PAGE = 200

PAGE_LIMIT = 1000

TOKEN_LIMIT = 128

# The offset of the next page; nine digits are more than any account has records.
_PAGE_TOKEN = re.compile(r"[0-9]{1,9}")


def span_and_page_from_proto(request: carrier_pb2.ListInboundRecordsRequest) -> tuple[Span, Page]:
    """The requested time and page. Raises InvalidArgument."""
    check_account(request.carrier_account_id)
    violations = list(_violations(request))
    if violations:
        raise InvalidArgument(violations)
    limit = min(request.page_size or DEFAULT_PAGE, PAGE_LIMIT)
    page = Page(limit=limit, offset=int(request.page_token or 0))
    return Span(request.start_time.ToDatetime(UTC)), page


def records_to_proto(page: RecordsPage) -> carrier_pb2.ListInboundRecordsResponse:
    """One page of records."""
    return carrier_pb2.ListInboundRecordsResponse(
        records=map(_record_to_proto, page.records),
        next_page_token="" if page.next_offset is None else str(page.next_offset),
    )


def media_token_from_proto(request: pb.GetMediaRequest) -> str:
    """The last part of a file's URL. Raises InvalidArgument."""
    if not 1 <= len(request.media_token) <= TOKEN_LIMIT:
        violation = FieldViolation("media_token", f"give between 1 and {TOKEN_LIMIT} characters")
        raise InvalidArgument([violation])
    return request.media_token


def media_to_proto(media: Media) -> pb.GetMediaResponse:
    """A file."""
    return pb.GetMediaResponse(content_type=media.content_type, content=media.content)


def text_url_from_proto(request: pb.FetchTextRequest) -> str:
    """The URL of a text part. Raises InvalidArgument."""
    if not request.url:
        raise InvalidArgument([FieldViolation("url", "give a URL")])
    return request.url


def text_to_proto(fetched: FetchedText) -> pb.FetchTextResponse:
    """What a text part turned out to be."""
    outcome = pb.FetchTextOutcome.Value(f"FETCH_TEXT_OUTCOME_{fetched.outcome}")
    return pb.FetchTextResponse(outcome=outcome, text=fetched.text)


def _violations(request: carrier_pb2.ListInboundRecordsRequest) -> Iterator[FieldViolation]:
    if not request.HasField("start_time") or not _is_time(request.start_time):
        yield FieldViolation("start_time", "give a time")
    if request.page_size < 0:
        yield FieldViolation("page_size", f"give between 0 and {PAGE_LIMIT}")
    if request.page_token and not _PAGE_TOKEN.fullmatch(request.page_token):
        yield FieldViolation("page_token", "give the next_page_token of the page before")


def _is_time(timestamp: Timestamp) -> bool:
    try:
        timestamp.ToDatetime(UTC)
    except (ValueError, OverflowError):
        return False
    return True


def _record_to_proto(record: CarrierRecord) -> carrier_pb2.InboundRecord:
    return carrier_pb2.InboundRecord(
        carrier_account_id=ONLY_ACCOUNT,
        carrier_message_id=record.carrier_message_id,
        from_number=record.from_number,
        to_number=record.to_number,
        body=record.body,
        attachments=map(_attachment_to_proto, record.attachments),
        carrier_time=_timestamp(record.time) if record.time else None,
    )


def _attachment_to_proto(attachment: Attachment) -> pb.Attachment:
    return pb.Attachment(
        url=attachment.url, content_type=attachment.content_type, size_bytes=attachment.size_bytes
    )


def _timestamp(time: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp
