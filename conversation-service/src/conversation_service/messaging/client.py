"""Calls to the messaging service."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NoReturn

import grpc

from conversation_service.domain.errors import BackendUnavailable
from conversation_service.domain.message import MessageState
from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.messaging_pb2_grpc import MessagingServiceStub

# The messaging service gives the carrier 10 s a text, and a batch may hold several to one person.
SEND_TIMEOUT_SECONDS = 60.0
# A receipt is a look into Redis; the gateway's own callers wait for it.
RECEIPT_TIMEOUT_SECONDS = 5.0
# For a text that was not sent and no word on when to come again.
DEFAULT_RETRY = timedelta(seconds=1)

_STATES = {
    pb.MESSAGE_STATE_ACCEPTED: MessageState.ACCEPTED,
    pb.MESSAGE_STATE_UNKNOWN: MessageState.UNKNOWN,
    pb.MESSAGE_STATE_SENT: MessageState.SENT,
    pb.MESSAGE_STATE_REFUSED: MessageState.REFUSED,
    pb.MESSAGE_STATE_UNDELIVERED: MessageState.UNDELIVERED,
    pb.MESSAGE_STATE_EXPIRED: MessageState.EXPIRED,
    pb.MESSAGE_STATE_DELIVERED: MessageState.DELIVERED,
}
_OUTCOME_STATES = {
    pb.SEND_OUTCOME_ACCEPTED: MessageState.SENT,
    pb.SEND_OUTCOME_REFUSED: MessageState.REFUSED,
}


@dataclass(frozen=True, slots=True)
class TextToSend:
    """A text that is owed to somebody."""

    message_id: str
    pool: str
    from_number: str
    to_number: str = field(repr=False)
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """The carrier's word on a text is known, or known to be unknowable for now."""

    state: MessageState


@dataclass(frozen=True, slots=True)
class NotSent:
    """The carrier surely does not have the text; it may be sent again after a while."""

    retry_after: timedelta


@dataclass(frozen=True, slots=True)
class CarrierReceipt:
    """A delivery receipt as the gateway handed it in."""

    carrier_message_id: str
    send_token: str
    status_code: int | None
    status: str
    level: int
    carrier_time_ms: int | None


@dataclass(frozen=True, slots=True)
class ReceiptMatch:
    """The text that a receipt speaks of, as it stands now."""

    message_id: str
    pool: str
    state: MessageState


class MessagingUnavailable(BackendUnavailable):
    """The messaging service cannot be reached or does not answer in time."""


class MessagingClient:
    """The messaging service, with deadlines and its answers as plain values."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = MessagingServiceStub(channel)

    async def send(self, texts: Sequence[TextToSend]) -> list[Answered | NotSent]:
        """Sends texts, one result each, in order. Raises MessagingUnavailable."""
        request = pb.SendMessagesRequest(messages=[_outbound(text) for text in texts])
        try:
            response = await self._stub.SendMessages(request, timeout=SEND_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            _unavailable(error)
        return [_sent(result) for result in response.results]

    async def record(self, receipts: Sequence[CarrierReceipt]) -> list[ReceiptMatch | None]:
        """Hands receipts in, one match or none each, in order. Raises MessagingUnavailable."""
        request = pb.RecordDeliveryReceiptsRequest(receipts=[_receipt(one) for one in receipts])
        try:
            response = await self._stub.RecordDeliveryReceipts(
                request, timeout=RECEIPT_TIMEOUT_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            _unavailable(error)
        return [_match(result) for result in response.results]


def _unavailable(error: grpc.aio.AioRpcError) -> NoReturn:
    raise MessagingUnavailable from error


def _outbound(text: TextToSend) -> pb.OutboundMessage:
    return pb.OutboundMessage(
        message_id=text.message_id,
        pool=text.pool,
        from_number=text.from_number,
        to_number=text.to_number,
        body=text.body,
    )


def _sent(result: pb.SendMessageResult) -> Answered | NotSent:
    if result.outcome == pb.SEND_OUTCOME_NOT_SENT:
        given = result.retry_delay.ToTimedelta()
        return NotSent(given if given > timedelta(0) else DEFAULT_RETRY)
    # An outcome added later is treated as unknown, as the contract asks.
    fallback = _OUTCOME_STATES.get(result.outcome, MessageState.UNKNOWN)
    return Answered(_STATES.get(result.state, fallback))


def _receipt(receipt: CarrierReceipt) -> pb.DeliveryReceipt:
    message = pb.DeliveryReceipt(
        carrier_message_id=receipt.carrier_message_id,
        send_token=receipt.send_token,
        status_code=receipt.status_code,
        status=receipt.status,
        level=receipt.level,
    )
    if receipt.carrier_time_ms is not None:
        message.carrier_time.FromMilliseconds(receipt.carrier_time_ms)
    return message


def _match(result: pb.RecordDeliveryReceiptResult) -> ReceiptMatch | None:
    if not result.HasField("message"):
        return None
    message = result.message
    state = _STATES.get(message.state, MessageState.ACCEPTED)
    return ReceiptMatch(message.message_id, message.pool, state)
