"""The client of the conversation service: sends batches, and maps results to problems."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

import grpc
import structlog
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health_pb2

from gateway.problems import (
    MalformedCallback,
    MaskedNumberNotFound,
    MediaNotFound,
    Refused,
    SendTokenInvalid,
    ServiceUnavailable,
)
from gateway.sender_queues import QueuesFull, SenderQueues, has_text_part
from maskline.ingest.v1 import ingest_pb2 as pb
from maskline.ingest.v1.ingest_pb2_grpc import IngestServiceStub
from runtime.batching import Batcher, BatcherFull, Send
from runtime.grpc.status import details_of

log = structlog.get_logger()

SERVICE = pb.DESCRIPTOR.services_by_name["IngestService"]

# Measured: larger batches save no more time. The contract allows 256.
BATCH_LIMIT = 64

# One is processed while the next one travels.
IN_FLIGHT_LIMIT = 2

# Less than one second of work for a healthy service.
WAITING_LIMIT = 2048

# Readiness is checked again soon.
HEALTH_TIMEOUT_SECONDS = 1.0

# Any other reason may be transient and becomes ServiceUnavailable.
REFUSALS: Mapping[str, tuple[type[Refused], str]] = {
    "INVALID_ARGUMENT": (
        MalformedCallback,
        "The conversation service cannot use what this callback says.",
    ),
    "MASKED_NUMBER_NOT_FOUND": (
        MaskedNumberNotFound,
        "No pool owns this number. Add it to a pool, or take the callback off the number.",
    ),
    "SEND_TOKEN_INVALID": (
        SendTokenInvalid,
        "No text has this address for its receipts.",
    ),
}

REFUSED_ACCESS = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)

NOT_TAKEN = (
    ServiceUnavailable,
    "The conversation service could not take this callback. Send it again.",
)

Item = TypeVar("Item")

Result = TypeVar("Result")


class ConversationClient:
    """Hands callbacks over and returns once they are committed.

    Callbacks that arrive together travel in one call, in the order of their arrival. Two calls may
    be in flight: of two messages without a response yet, the later one may be committed first. A
    message that arrives after the response to another one is committed after it. The carrier itself
    guarantees no order.

    A message with a text part waits until its words are fetched, so it travels alone. Only its own
    sender's next messages wait behind it.
    """

    def __init__(self, channel: grpc.aio.Channel, call_timeout_seconds: float) -> None:
        """`call_timeout_seconds` limits the whole wait of one callback, queue included."""
        self._stub = IngestServiceStub(channel)
        self._check_health = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        self._timeout = call_timeout_seconds
        self._messages = _batcher(self._send_messages)
        self._receipts = _batcher(self._send_receipts)
        self._queues = SenderQueues()

    async def receive_message(self, message: pb.InboundMessage) -> None:
        """Returns once the message is committed, now or earlier. Raises Refused otherwise."""
        if has_text_part(message) or self._queues.has(message.from_number):
            result = await self._send_alone(message)
        else:
            result = await self._submit(self._messages, message)
        check_message(message, result)

    async def receive_receipt(self, receipt: pb.DeliveryReceipt) -> None:
        """Returns once the receipt need not be sent again. Raises Refused otherwise."""
        check_receipt(receipt, await self._submit(self._receipts, receipt))

    async def get_media(self, media_token: str) -> pb.GetMediaResponse:
        """A file. Raises MediaNotFound, or ServiceUnavailable if the service does not respond."""
        request = pb.GetMediaRequest(media_token=media_token)
        with _unavailable_on_error("GetMedia", 1), _not_found_on_error():
            return await self._stub.GetMedia(request, timeout=self._timeout)

    async def is_serving(self) -> bool:
        """Whether the conversation service reports SERVING."""
        request = health_pb2.HealthCheckRequest(service=SERVICE.full_name)
        try:
            response = await self._check_health(request, timeout=HEALTH_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError:
            return False
        return response.status == health_pb2.HealthCheckResponse.SERVING

    async def refuses_access(self) -> bool:
        """Whether the conversation service refuses this gateway's credentials.

        Health is open to anybody, so it does not tell.
        """
        request = pb.CheckAccessRequest()
        try:
            await self._stub.CheckAccess(request, timeout=HEALTH_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            if error.code() in REFUSED_ACCESS:
                log.warning("access_refused", code=error.code().name)
                return True
        return False

    async def drain(self) -> None:
        """Waits until no call is in flight."""
        await asyncio.gather(self._messages.drain(), self._receipts.drain())

    async def _submit(self, batcher: Batcher[Item, Result], item: Item) -> Result:
        try:
            async with asyncio.timeout(self._timeout):
                return await batcher.submit(item)
        except BatcherFull:
            raise _too_many() from None
        except TimeoutError:
            raise _too_slow() from None

    async def _send_alone(self, message: pb.InboundMessage) -> pb.IngestMessageResult:
        try:
            async with asyncio.timeout(self._timeout), self._queues.turn(message.from_number):
                [result] = await self._send_messages([message])
                return result
        except QueuesFull:
            raise _too_many() from None
        except TimeoutError:
            raise _too_slow() from None

    async def _send_messages(
        self, batch: list[pb.InboundMessage]
    ) -> Sequence[pb.IngestMessageResult]:
        request = pb.IngestMessagesRequest(messages=batch)
        with _unavailable_on_error("IngestMessages", len(batch)):
            response = await self._stub.IngestMessages(request, timeout=self._timeout)
        return _one_per_item(response.results, len(batch))

    async def _send_receipts(
        self, batch: list[pb.DeliveryReceipt]
    ) -> Sequence[pb.IngestDeliveryReceiptResult]:
        request = pb.IngestDeliveryReceiptsRequest(receipts=batch)
        with _unavailable_on_error("IngestDeliveryReceipts", len(batch)):
            response = await self._stub.IngestDeliveryReceipts(request, timeout=self._timeout)
        return _one_per_item(response.results, len(batch))


def check_message(message: pb.InboundMessage, result: pb.IngestMessageResult) -> None:
    """Returns if the message need not be sent again. Raises Refused otherwise.

    The contract asks clients to treat outcomes that they do not know as accepted. An id with other
    words than before is refused each time, and the carrier would only send it again.
    """
    if details_of(result.error).reason == "REQUEST_ID_REUSED":
        log.error("message_id_reused", carrier_message_id=message.carrier_message_id)
    elif result.outcome in (pb.INGEST_OUTCOME_REFUSED, pb.INGEST_OUTCOME_UNSPECIFIED):
        raise _refusal(result.error)


def check_receipt(receipt: pb.DeliveryReceipt, result: pb.IngestDeliveryReceiptResult) -> None:
    """Returns if the receipt need not be sent again. Raises Refused otherwise.

    Sending an unmatched receipt again would not find its message either.
    """
    if result.outcome in (pb.RECEIPT_OUTCOME_REFUSED, pb.RECEIPT_OUTCOME_UNSPECIFIED):
        raise _refusal(result.error)
    if result.outcome == pb.RECEIPT_OUTCOME_UNMATCHED:
        log.warning("receipt_unmatched", carrier_message_id=receipt.carrier_message_id)


def _refusal(error: Status) -> Refused:
    refusal, detail = REFUSALS.get(details_of(error).reason, NOT_TAKEN)
    return refusal(detail)


def _too_many() -> ServiceUnavailable:
    return ServiceUnavailable("Too many callbacks wait already. Send it again later.")


def _too_slow() -> ServiceUnavailable:
    return ServiceUnavailable("The conversation service took too long. Send it again.")


def _batcher(send: Send[Item, Result]) -> Batcher[Item, Result]:
    return Batcher(
        send, batch_limit=BATCH_LIMIT, in_flight_limit=IN_FLIGHT_LIMIT, waiting_limit=WAITING_LIMIT
    )


@contextmanager
def _not_found_on_error() -> Iterator[None]:
    """The same response for missing files and malformed tokens, so that it reveals no format."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        if error.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT):
            raise MediaNotFound from None
        raise


@contextmanager
def _unavailable_on_error(method: str, items: int) -> Iterator[None]:
    """After any failure of a call, no item of the batch is known to be committed."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        log.warning("call_failed", method=method, code=error.code().name, items=items)
        raise ServiceUnavailable(
            "The conversation service is not available. Send it again."
        ) from None


def _one_per_item(results: Sequence[Result], items: int) -> Sequence[Result]:
    if len(results) != items:
        log.error("answer_incomplete", results=len(results), items=items)
        raise ServiceUnavailable("The conversation service gave no usable answer. Send it again.")
    return results
