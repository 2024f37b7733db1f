"""The gateway in this process, over a scripted conversation service; real HTTP and gRPC."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import grpc
import httpx
from google.protobuf.message import Message
from grpc.aio import ServicerContext

from gateway.access.middleware import AccessRules
from gateway.app import create_app, response_headers
from gateway.callbacks.endpoints import BodyLimits
from gateway.conversation_client import SERVICE, ConversationClient
from maskline.ingest.v1 import ingest_pb2
from runtime.grpc.client import open_channel
from runtime.grpc.server import GrpcServer
from runtime.http.server import HttpOptions, http_server
from support.eventually import eventually
from support.net.http_client import http_client

BODY_LIMIT_BYTES = 65_536
# The details of a failed call must not reach the client of the gateway.
BACKEND_SECRET = "backend secret +14255550122"


Context = ServicerContext[object, object]


class ScriptedConversations:
    """Returns the scripted results once the gate is open, and keeps the requests."""

    def __init__(self) -> None:
        self.message_batches: list[list[ingest_pb2.InboundMessage]] = []
        self.receipt_batches: list[list[ingest_pb2.DeliveryReceipt]] = []
        self.message_result = ingest_pb2.IngestMessageResult(
            outcome=ingest_pb2.INGEST_OUTCOME_ACCEPTED
        )
        self.receipt_result = ingest_pb2.IngestDeliveryReceiptResult(
            outcome=ingest_pb2.RECEIPT_OUTCOME_RECORDED
        )
        self.fails_with: grpc.StatusCode | None = None
        self.omits_results = False
        self.gate = asyncio.Event()
        self.gate.set()

    @property
    def messages(self) -> list[ingest_pb2.InboundMessage]:
        """All messages in the order of their arrival."""
        return [message for batch in self.message_batches for message in batch]

    @property
    def receipts(self) -> list[ingest_pb2.DeliveryReceipt]:
        """All receipts in the order of their arrival."""
        return [receipt for batch in self.receipt_batches for receipt in batch]

    def is_called(self, calls: int) -> Callable[[], Awaitable[bool]]:
        """Whether at least this many calls have arrived."""

        async def called() -> bool:
            return len(self.message_batches) + len(self.receipt_batches) >= calls

        return called

    async def IngestMessages(
        self, request: ingest_pb2.IngestMessagesRequest, context: Context
    ) -> ingest_pb2.IngestMessagesResponse:
        self.message_batches.append(list(request.messages))
        await self.gate.wait()
        if self.fails_with is not None:
            await context.abort(self.fails_with, BACKEND_SECRET)
        count = 0 if self.omits_results else len(request.messages)
        return ingest_pb2.IngestMessagesResponse(results=[self.message_result] * count)

    async def IngestDeliveryReceipts(
        self, request: ingest_pb2.IngestDeliveryReceiptsRequest, context: Context
    ) -> ingest_pb2.IngestDeliveryReceiptsResponse:
        self.receipt_batches.append(list(request.receipts))
        await self.gate.wait()
        if self.fails_with is not None:
            await context.abort(self.fails_with, BACKEND_SECRET)
        results = [self.receipt_result] * len(request.receipts)
        return ingest_pb2.IngestDeliveryReceiptsResponse(results=results)


@asynccontextmanager
async def serving_conversations(
    scripted: ScriptedConversations, listen: str = "127.0.0.1:0"
) -> AsyncIterator[GrpcServer]:
    """A gRPC server that reports SERVING."""
    server = GrpcServer(listen, [])
    server.server.add_generic_rpc_handlers((_methods(scripted),))
    await server.start([SERVICE.full_name])
    await server.set_health([SERVICE.full_name], _is_healthy)
    try:
        yield server
    finally:
        await server.server.stop(None)


def _methods(scripted: ScriptedConversations) -> grpc.GenericRpcHandler:
    """The methods that a gateway calls; any other call fails its test."""
    messages, receipts = ingest_pb2.IngestMessagesRequest, ingest_pb2.IngestDeliveryReceiptsRequest
    methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        "IngestMessages": grpc.unary_unary_rpc_method_handler(
            scripted.IngestMessages, messages.FromString, _serialize
        ),
        "IngestDeliveryReceipts": grpc.unary_unary_rpc_method_handler(
            scripted.IngestDeliveryReceipts, receipts.FromString, _serialize
        ),
    }
    return grpc.method_handlers_generic_handler(SERVICE.full_name, methods)


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()


async def _is_healthy() -> bool:
    return True


class CountingClient(ConversationClient):
    """The real client; a test can wait for the number of messages that have reached it."""

    arrived = 0

    async def receive_message(self, message: ingest_pb2.InboundMessage) -> None:
        self.arrived += 1
        await super().receive_message(message)

    async def wait_for(self, messages: int) -> None:
        """Returns once this many messages have arrived, whatever became of them."""

        async def have_arrived() -> bool:
            return self.arrived >= messages

        await eventually(have_arrived)


@dataclass
class RunningGateway:
    """The gateway as the carrier reaches it."""

    port: int
    http: httpx.AsyncClient
    conversations: CountingClient


class GatewayOptions(TypedDict, total=False):
    """The options of `running_gateway`."""

    call_timeout_seconds: float
    body_timeout_seconds: float
    rules: AccessRules | None
    options: HttpOptions | None


@asynccontextmanager
async def running_gateway(
    target: str,
    *,
    call_timeout_seconds: float = 8.0,
    body_timeout_seconds: float = 10.0,
    rules: AccessRules | None = None,
    options: HttpOptions | None = None,
    serves_openapi: bool = False,
) -> AsyncIterator[RunningGateway]:
    """Serves the application on a free port, as `python -m gateway` does."""
    channel = open_channel(target, [SERVICE])
    conversations = CountingClient(channel, call_timeout_seconds)
    limits = BodyLimits(BODY_LIMIT_BYTES, body_timeout_seconds)
    as_served = HttpOptions(headers=response_headers(is_https=False, serves_openapi=serves_openapi))
    app = create_app(conversations, limits, rules or AccessRules(), serves_openapi=serves_openapi)
    server = http_server(app, "127.0.0.1:0", options or as_served)
    task = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started)
    port = server.servers[0].sockets[0].getsockname()[1]
    client = http_client(f"http://127.0.0.1:{port}", max_connections=200)
    try:
        async with client as http:
            yield RunningGateway(port, http, conversations)
    finally:
        server.should_exit = True
        await task
        await conversations.drain()
        await channel.close()


@asynccontextmanager
async def gateway_over(
    scripted: ScriptedConversations, **options: Unpack[GatewayOptions]
) -> AsyncIterator[RunningGateway]:
    """A gateway with the options of `running_gateway`, over a scripted conversation service."""
    async with (
        serving_conversations(scripted) as server,
        running_gateway(f"127.0.0.1:{server.port}", **options) as gateway,
    ):
        yield gateway
