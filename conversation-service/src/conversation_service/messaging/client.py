"""Calls of the messaging service."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import grpc

from conversation_service.domain.errors import (
    BackendUnavailable,
    CarrierCredentialsRejected,
    FieldViolation,
    InvalidArgument,
    SendTokenInvalid,
)
from conversation_service.domain.model.events import Failure, FailureReason
from conversation_service.domain.model.messages import MessageState, OutboundMessage
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.messaging.access import REFUSED
from conversation_service.messaging.failures import failure_of
from conversation_service.messaging.send import (
    STATES,
    SendResult,
    from_proto,
    to_proto,
)
from maskline.messaging.v1 import carrier_pb2
from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.carrier_pb2_grpc import CarrierServiceStub
from maskline.messaging.v1.messaging_pb2_grpc import MessagingServiceStub
from runtime.grpc.status import details_of

# The messaging service has a timeout of 10 s per message, and a batch may hold several to one
# person.
SEND_TIMEOUT_SECONDS = 60.0

# A receipt takes one Redis call, and the gateway's own callers wait for it.
RECEIPT_TIMEOUT_SECONDS = 5.0

# The carrier is called, with a timeout of 10 s.
ACCOUNT_TIMEOUT_SECONDS = 15.0

# A page has 200 numbers: more than the largest pools together can have.
ACCOUNT_PAGES = 100

# gRPC's codes for a failure that the request itself causes.
_REQUEST_FAILED = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)


@dataclass(frozen=True, slots=True)
class CarrierReceipt:
    """A delivery receipt as the gateway received it."""

    carrier_account_id: str
    carrier_message_id: str
    send_token: str
    carrier_status: str
    carrier_code: str


@dataclass(frozen=True, slots=True)
class ReceiptMatch:
    """The message that a receipt is about, with its state after the receipt."""

    message_id: str
    pool: str
    state: MessageState
    failure: Failure | None = None

    @property
    def is_opted_out(self) -> bool:
        """Whether the recipient has opted out at the carrier."""
        return self.failure is not None and self.failure.reason is FailureReason.OPTED_OUT


# The refusal of a forged receipt or of one for an unknown account, None if its message is unknown.
Recorded = ReceiptMatch | SendTokenInvalid | InvalidArgument | None


@dataclass(frozen=True, slots=True)
class AccountNumber:
    """A number that the carrier account owns."""

    phone_number: str
    # False only if the carrier says so.
    may_text: bool


class MessagingUnavailable(BackendUnavailable):
    """The messaging service cannot be reached or does not answer in time."""


class MessagingRefused(MessagingUnavailable):
    """The messaging service does not accept this service's credentials."""


class RequestFailed(Exception):
    """The messaging service failed at the request; without one of its messages it may not."""


class RequestInvalid(RequestFailed):
    """The messaging service does not accept the form of the request."""


class MessagingClient:
    """The messaging service, with deadlines and plain values."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = MessagingServiceStub(channel)
        self._carrier = CarrierServiceStub(channel)

    async def send(
        self, messages: Sequence[OutboundMessage], pool: str, settings: PoolSettings
    ) -> list[SendResult]:
        """Sends messages of one pool; one result each, in order.

        Raises MessagingUnavailable, or RequestInvalid or RequestFailed if a message is the cause.
        """
        request = pb.SendMessagesRequest(
            messages=(to_proto(message, pool, settings) for message in messages)
        )
        try:
            response = await self._stub.SendMessages(request, timeout=SEND_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            _raise_send_error(error)
        return [*map(from_proto, response.results)]

    async def record(self, receipts: Sequence[CarrierReceipt]) -> list[Recorded]:
        """Records delivery receipts; one result each, in order. Raises MessagingUnavailable."""
        request = pb.RecordDeliveryReceiptsRequest(receipts=map(_receipt, receipts))
        try:
            response = await self._stub.RecordDeliveryReceipts(
                request, timeout=RECEIPT_TIMEOUT_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            _raise_unavailable(error)
        return [_match(result) for result in response.results]

    async def account_numbers(self) -> list[AccountNumber]:
        """All numbers of the account. Raises MessagingUnavailable, CarrierCredentialsRejected."""
        numbers: list[AccountNumber] = []
        token = ""
        for _ in range(ACCOUNT_PAGES):
            request = carrier_pb2.ListCarrierNumbersRequest(page_token=token)
            try:
                page = await self._carrier.ListCarrierNumbers(
                    request, timeout=ACCOUNT_TIMEOUT_SECONDS
                )
            except grpc.aio.AioRpcError as error:
                _raise_unavailable(error)
            numbers += map(_account_number, page.carrier_numbers)
            token = page.next_page_token
            if not token:
                break
        return numbers

    async def carrier_checks(self) -> Sequence[carrier_pb2.CarrierCheck]:
        """The checks of the carrier account. Raises MessagingUnavailable."""
        request = carrier_pb2.CheckCarrierAccountRequest()
        try:
            response = await self._carrier.CheckCarrierAccount(
                request, timeout=ACCOUNT_TIMEOUT_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            _raise_unavailable(error)
        return response.checks


def _account_number(number: carrier_pb2.CarrierNumber) -> AccountNumber:
    may_text = number.messaging_enabled or not number.HasField("messaging_enabled")
    return AccountNumber(number.phone_number, may_text)


def _raise_unavailable(error: grpc.aio.AioRpcError) -> NoReturn:
    if error.code() is grpc.StatusCode.FAILED_PRECONDITION:
        # Only the calls about the account fail so.
        raise CarrierCredentialsRejected from error
    if error.code() in REFUSED:
        raise MessagingRefused from error
    raise MessagingUnavailable from error


def _raise_send_error(error: grpc.aio.AioRpcError) -> NoReturn:
    if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
        raise RequestInvalid from error
    if error.code() in _REQUEST_FAILED:
        raise RequestFailed from error
    raise MessagingUnavailable from error


def _receipt(receipt: CarrierReceipt) -> pb.DeliveryReceipt:
    return pb.DeliveryReceipt(
        carrier_account_id=receipt.carrier_account_id,
        carrier_message_id=receipt.carrier_message_id,
        send_token=receipt.send_token,
        carrier_status=receipt.carrier_status,
        carrier_code=receipt.carrier_code,
    )


def _match(result: pb.RecordDeliveryReceiptResult) -> Recorded:
    if result.HasField("error"):
        if details_of(result.error).reason == SendTokenInvalid.reason:
            return SendTokenInvalid()
        return InvalidArgument([FieldViolation("carrier_account_id", "no account has this id")])
    if not result.HasField("message"):
        return None
    message = result.message
    state = STATES.get(message.state, MessageState.ACCEPTED)
    return ReceiptMatch(
        message.message_id, message.pool_id, state, failure_of(state, message.failure)
    )
