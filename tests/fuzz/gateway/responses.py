"""What stands behind a fuzzed gateway: it is well, or gives every item another answer."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count, repeat
from typing import Any, cast
from zlib import crc32

import grpc
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from grpc.aio import ServicerContext

from gateway.conversation_client import SERVICE
from maskline.conversation.v1.error_reason_pb2 import ErrorReason
from maskline.ingest.v1 import ingest_pb2
from runtime.grpc.server import GrpcServer
from support.builders.item_errors import item_error

Context = ServicerContext[object, object]

_TAKEN = (ingest_pb2.INGEST_OUTCOME_ACCEPTED, ingest_pb2.INGEST_OUTCOME_REPEATED)
# The reasons of the contract, and one that it may get later.
_REASONS = (
    *(name.removeprefix("ERROR_REASON_") for name in ErrorReason.DESCRIPTOR.values_by_name),
    "LATER",
)
_FILES = ("image/png", "text/plain; charset=utf-8", "application/octet-stream")
# Prime to what reasons and outcomes go round in, so that each comes to each.
FAILS_EVERY = 7
_FAILURES = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)


class Answering:
    """Takes everything while `is_well`; otherwise one answer after the other has its turn."""

    def __init__(self, *, is_well: bool) -> None:
        self._calls: Iterator[int] = repeat(0) if is_well else count()
        self._turns: Iterator[int] = repeat(0) if is_well else count()

    async def IngestMessages(
        self, request: ingest_pb2.IngestMessagesRequest, context: Context
    ) -> ingest_pb2.IngestMessagesResponse:
        """Every text is taken, or one in two; now and then the call fails."""
        await self._fail_now_and_then(context)
        results = [_message_result(next(self._turns)) for _ in request.messages]
        return ingest_pb2.IngestMessagesResponse(results=results)

    async def IngestDeliveryReceipts(
        self, request: ingest_pb2.IngestDeliveryReceiptsRequest, context: Context
    ) -> ingest_pb2.IngestDeliveryReceiptsResponse:
        """Every receipt is taken, or one in two; now and then the call fails."""
        await self._fail_now_and_then(context)
        results = [_receipt_result(next(self._turns)) for _ in request.receipts]
        return ingest_pb2.IngestDeliveryReceiptsResponse(results=results)

    async def GetMedia(
        self, request: ingest_pb2.GetMediaRequest, context: Context
    ) -> ingest_pb2.GetMediaResponse:
        """Every second file is kept."""
        await self._fail_now_and_then(context)
        chosen = crc32(request.media_token.encode())
        if chosen % 2:
            await context.abort(grpc.StatusCode.NOT_FOUND, "not kept")
        content_type = _FILES[chosen % len(_FILES)]
        return ingest_pb2.GetMediaResponse(content_type=content_type, content=b"pixels")

    async def _fail_now_and_then(self, context: Context) -> None:
        call = next(self._calls)
        if call % FAILS_EVERY == 1:
            await context.abort(_FAILURES[call % len(_FAILURES)], "behind the gateway")


def _message_result(turn: int) -> ingest_pb2.IngestMessageResult:
    if turn % 2 == 0:
        return ingest_pb2.IngestMessageResult(outcome=_TAKEN[turn // 2 % len(_TAKEN)])
    return ingest_pb2.IngestMessageResult(
        outcome=ingest_pb2.INGEST_OUTCOME_REFUSED, error=_error(turn)
    )


def _receipt_result(turn: int) -> ingest_pb2.IngestDeliveryReceiptResult:
    if turn % 2 == 0:
        return ingest_pb2.IngestDeliveryReceiptResult(outcome=ingest_pb2.RECEIPT_OUTCOME_RECORDED)
    return ingest_pb2.IngestDeliveryReceiptResult(
        outcome=ingest_pb2.RECEIPT_OUTCOME_REFUSED, error=_error(turn)
    )


def _error(turn: int) -> Status:
    """Any reason of the contract, and sometimes one that it has not yet."""
    return item_error(_REASONS[turn // 2 % len(_REASONS)], "behind the gateway")


@asynccontextmanager
async def answering(*, is_well: bool) -> AsyncIterator[str]:
    """A real server of it; yields its address."""
    server = GrpcServer("127.0.0.1:0", [])
    server.server.add_generic_rpc_handlers(_handlers(Answering(is_well=is_well)))
    names = [SERVICE.full_name]
    await server.start(names)
    await server.set_health(names, _well)
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        await server.server.stop(None)


def _handlers(answers: Answering) -> tuple[grpc.GenericRpcHandler, ...]:
    """Those of the methods that a gateway has business with."""
    methods = {
        "IngestMessages": _handler(answers.IngestMessages, ingest_pb2.IngestMessagesRequest),
        "IngestDeliveryReceipts": _handler(
            answers.IngestDeliveryReceipts, ingest_pb2.IngestDeliveryReceiptsRequest
        ),
    }
    media = {"GetMedia": _handler(answers.GetMedia, ingest_pb2.GetMediaRequest)}
    return (
        grpc.method_handlers_generic_handler(SERVICE.full_name, methods),
        grpc.method_handlers_generic_handler(SERVICE.full_name, media),
    )


def _handler(
    answer: Callable[..., Awaitable[Message]], request: type[Message]
) -> "grpc.RpcMethodHandler[Any, Any]":
    return grpc.unary_unary_rpc_method_handler(
        cast("Callable[[Any, grpc.ServicerContext], Any]", answer),
        request_deserializer=request.FromString,
        response_serializer=_written,
    )


def _written(message: Message) -> bytes:
    return message.SerializeToString()


async def _well() -> bool:
    return True
