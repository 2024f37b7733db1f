"""Calls to the messaging service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import grpc

from conversation_service.domain.errors import (
    BackendUnavailable,
    CarrierAccountRefused,
    SendTokenNotValid,
)
from conversation_service.domain.model.messages import MessageState
from conversation_service.messaging.send import (
    OPTED_OUT_CODE,
    STATES,
    SendResult,
    TextToSend,
    result_of,
    to_message,
)
from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.messaging_pb2_grpc import MessagingServiceStub

# The messaging service gives the carrier 10 s a text, and a batch may hold several to one person.
SEND_TIMEOUT_SECONDS = 60.0

# A receipt is a look into Redis; the gateway's own callers wait for it.
RECEIPT_TIMEOUT_SECONDS = 5.0

# Both ask the carrier, whose own limit is 10 s.
ACCOUNT_TIMEOUT_SECONDS = 15.0

# As many pages of 200 as the largest pools together could have; an account is not endless.
ACCOUNT_PAGES = 100

# What grpc answers when the request itself is the trouble, not the moment.
_ABOUT_THE_REQUEST = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)


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


# A forged receipt is refused; one of a text that nobody knows has no match.
Recorded = ReceiptMatch | SendTokenNotValid | None


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


class RequestFailed(Exception):
    """The messaging service cannot deal with the request; without one of its texts it might."""


class RequestInvalid(RequestFailed):
    """The messaging service does not take the request in the form it has."""


class MessagingClient:
    """The messaging service, with deadlines and its answers as plain values."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = MessagingServiceStub(channel)

    async def send(self, texts: Sequence[TextToSend]) -> list[SendResult]:
        """Sends texts, one result each, in order.

        Raises MessagingUnavailable, or RequestInvalid or RequestFailed if it is about these texts.
        """
        request = pb.SendMessagesRequest(messages=map(to_message, texts))
        try:
            response = await self._stub.SendMessages(request, timeout=SEND_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            _not_sent(error)
        return [*map(result_of, response.results)]

    async def record(self, receipts: Sequence[CarrierReceipt]) -> list[Recorded]:
        """Hands receipts in, an answer for each, in order. Raises MessagingUnavailable."""
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


def _not_sent(error: grpc.aio.AioRpcError) -> NoReturn:
    if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
        raise RequestInvalid from error
    if error.code() in _ABOUT_THE_REQUEST:
        raise RequestFailed from error
    raise MessagingUnavailable from error


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


def _match(result: pb.RecordDeliveryReceiptResult) -> Recorded:
    if result.HasField("error"):
        return SendTokenNotValid()
    if not result.HasField("message"):
        return None
    message = result.message
    state = STATES.get(message.state, MessageState.ACCEPTED)
    is_opted_out = message.carrier_status_code == OPTED_OUT_CODE
    return ReceiptMatch(message.message_id, message.pool, state, is_opted_out)
