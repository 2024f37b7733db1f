"""Calls to the messaging service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NoReturn

import grpc

from conversation_service.domain.errors import BackendUnavailable, CarrierAccountRefused
from conversation_service.domain.message import MessageState
from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.error_reason_pb2 import ErrorReason
from maskline.messaging.v1.messaging_pb2_grpc import MessagingServiceStub

# The messaging service gives the carrier 10 s a text, and a batch may hold several to one person.
SEND_TIMEOUT_SECONDS = 60.0
# A receipt is a look into Redis; the gateway's own callers wait for it.
RECEIPT_TIMEOUT_SECONDS = 5.0
# Flowroute's table of receipt codes: "user opted out (STOP)".
OPTED_OUT_CODE = 1110
# Both ask the carrier, whose own limit is 10 s.
ACCOUNT_TIMEOUT_SECONDS = 15.0
# As many pages of 200 as the largest pools together could have; an account is not endless.
ACCOUNT_PAGES = 100
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
    is_opted_out: bool = False


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
    is_opted_out: bool = False


@dataclass(frozen=True, slots=True)
class AccountNumber:
    """A number that the carrier account owns."""

    phone_number: str
    # False only if the carrier says that it cannot text.
    may_text: bool


@dataclass(frozen=True, slots=True)
class Account:
    """How the carrier account is set up, callback addresses by their kind: set and expected."""

    is_authorized: bool
    callbacks: Mapping[str, tuple[str, str]]


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

    async def account_numbers(self) -> list[AccountNumber]:
        """All numbers of the account. Raises MessagingUnavailable, CarrierAccountRefused."""
        numbers: list[AccountNumber] = []
        token = ""
        for _ in range(ACCOUNT_PAGES):
            request = pb.ListAccountNumbersRequest(page_token=token)
            try:
                page = await self._stub.ListAccountNumbers(request, timeout=ACCOUNT_TIMEOUT_SECONDS)
            except grpc.aio.AioRpcError as error:
                _unavailable(error)
            numbers += map(_account_number, page.numbers)
            token = page.next_page_token
            if not token:
                break
        return numbers

    async def account(self) -> Account:
        """How the account is set up. Raises MessagingUnavailable."""
        request = pb.CheckAccountRequest()
        try:
            found = await self._stub.CheckAccount(request, timeout=ACCOUNT_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            _unavailable(error)
        callbacks = {one.callback_type: (one.url, one.expected_url) for one in found.callbacks}
        return Account(found.is_authorized, callbacks)


def _account_number(number: pb.AccountNumber) -> AccountNumber:
    told = number.HasField("is_messaging_enabled")
    return AccountNumber(number.phone_number, number.is_messaging_enabled if told else True)


def _unavailable(error: grpc.aio.AioRpcError) -> NoReturn:
    if error.code() is grpc.StatusCode.FAILED_PRECONDITION:
        # Of the calls here only those about the account answer so: it is refused.
        raise CarrierAccountRefused from error
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
    is_opted_out = result.error.reason == ErrorReason.ERROR_REASON_RECIPIENT_OPTED_OUT
    return Answered(_STATES.get(result.state, fallback), is_opted_out)


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
    is_opted_out = message.carrier_status_code == OPTED_OUT_CODE
    return ReceiptMatch(message.message_id, message.pool, state, is_opted_out)
