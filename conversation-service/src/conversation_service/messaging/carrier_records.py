"""What the carrier has on record as sent to the masked numbers, asked of the messaging service."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from conversation_service.domain.model.messages import Attachment, InboundMessage
from conversation_service.domain.model.participants import is_e164
from conversation_service.messaging.client import MessagingUnavailable
from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.messaging_pb2_grpc import MessagingServiceStub

# The carrier is asked, whose own limit is 10 s; a page may take several calls of it.
RECORDS_TIMEOUT_SECONDS = 60.0

# The contract's longest page: fewer calls.
PAGE_SIZE = 1000


@dataclass(frozen=True, slots=True)
class RecordsPage:
    """Some texts, in no order, and what leads to the next ones: nothing at the end."""

    texts: tuple[InboundMessage, ...]
    next_token: str


class RecordsClient:
    """The messaging service's look at the carrier's records."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = MessagingServiceStub(channel)

    async def page(self, start: datetime, token: str) -> RecordsPage:
        """Texts that the carrier took from `start` on. Raises MessagingUnavailable."""
        request = pb.ListInboundRecordsRequest(page_size=PAGE_SIZE, page_token=token)
        request.start_time.FromDatetime(start)
        try:
            found = await self._stub.ListInboundRecords(request, timeout=RECORDS_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise MessagingUnavailable from error
        return RecordsPage(tuple(_texts(found.records)), found.next_page_token)


def _texts(records: Iterable[pb.InboundRecord]) -> Iterable[InboundMessage]:
    """Those that a callback could have brought: nobody is behind what is no number."""
    for record in records:
        if record.carrier_message_id and is_e164(record.from_number) and is_e164(record.to_number):
            yield _text(record)


def _text(record: pb.InboundRecord) -> InboundMessage:
    timed = record.HasField("carrier_time")
    return InboundMessage(
        carrier_message_id=record.carrier_message_id,
        from_number=record.from_number,
        to_number=record.to_number,
        body=record.body,
        attachments=tuple(map(_attachment, record.attachments)),
        carrier_time=_moment(record.carrier_time) if timed else None,
        is_recovered=True,
    )


def _moment(stamp: Timestamp) -> datetime:
    """In whole milliseconds, as everywhere."""
    exact = stamp.ToDatetime(UTC)
    return exact.replace(microsecond=exact.microsecond // 1000 * 1000)


def _attachment(file: pb.Attachment) -> Attachment:
    return Attachment(file.url, file.content_type, max(file.size_bytes, 0))
