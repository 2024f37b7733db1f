"""Inbound messages in the carrier's records, listed by the messaging service."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from conversation_service.domain.model.messages import Attachment, InboundMessage
from conversation_service.domain.model.participants import is_e164
from conversation_service.messaging.client import MessagingUnavailable
from maskline.messaging.v1 import carrier_pb2 as pb
from maskline.messaging.v1 import messaging_pb2
from maskline.messaging.v1.carrier_pb2_grpc import CarrierServiceStub

# A page may take several calls to the carrier, each with a timeout of 10 s.
RECORDS_TIMEOUT_SECONDS = 60.0

# The contract's maximum.
PAGE_SIZE = 1000


@dataclass(frozen=True, slots=True)
class RecordsPage:
    """Some messages, in no order, and the token of the next page, empty on the last one."""

    texts: tuple[InboundMessage, ...]
    next_token: str


class CarrierRecords:
    """The carrier's records."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = CarrierServiceStub(channel)

    async def page(self, start: datetime, token: str) -> RecordsPage:
        """Messages that the carrier received since `start`; none if it keeps no records.

        Raises MessagingUnavailable.
        """
        request = pb.ListInboundRecordsRequest(page_size=PAGE_SIZE, page_token=token)
        request.start_time.FromDatetime(start)
        try:
            response = await self._stub.ListInboundRecords(request, timeout=RECORDS_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                return RecordsPage((), "")
            raise MessagingUnavailable from error
        return RecordsPage(tuple(_messages(response.records)), response.next_page_token)


def _messages(records: Sequence[pb.InboundRecord]) -> Iterator[InboundMessage]:
    """The records that a callback could have brought: short codes, for one, are left out."""
    for record in records:
        if record.carrier_message_id and is_e164(record.from_number) and is_e164(record.to_number):
            yield _message(record)


def _message(record: pb.InboundRecord) -> InboundMessage:
    has_time = record.HasField("carrier_time")
    return InboundMessage(
        carrier_account_id=record.carrier_account_id,
        carrier_message_id=record.carrier_message_id,
        from_number=record.from_number,
        to_number=record.to_number,
        body=record.body,
        attachments=tuple(map(_attachment, record.attachments)),
        carrier_time=_whole_milliseconds(record.carrier_time) if has_time else None,
        is_recovered=True,
    )


def _whole_milliseconds(timestamp: Timestamp) -> datetime:
    exact = timestamp.ToDatetime(UTC)
    return exact.replace(microsecond=exact.microsecond // 1000 * 1000)


def _attachment(file: messaging_pb2.Attachment) -> Attachment:
    return Attachment(file.url, file.content_type, max(file.size_bytes, 0))
