"""All services of a deployment on one real port, with scripted responses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from maskline.admin.v1 import dead_letter_pb2, maintenance_pb2, person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2, event_pb2
from maskline.ingest.v1 import ingest_pb2
from runtime.grpc.security import INSECURE, ServerSecurity
from runtime.grpc.server import GrpcServer
from runtime.grpc.status import RpcStatus, to_grpc_status

Kind = TypeVar("Kind", bound=Message)
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
# None is no answer at all.
Answer = Message | RpcStatus | grpc.StatusCode | None

DOMAIN = "conversation.maskline"
SERVICES = (
    conversation_pb2.DESCRIPTOR.services_by_name["ConversationService"],
    event_pb2.DESCRIPTOR.services_by_name["EventService"],
    pool_pb2.DESCRIPTOR.services_by_name["PoolService"],
    person_pb2.DESCRIPTOR.services_by_name["PersonService"],
    dead_letter_pb2.DESCRIPTOR.services_by_name["DeadLetterService"],
    maintenance_pb2.DESCRIPTOR.services_by_name["MaintenanceService"],
    ingest_pb2.DESCRIPTOR.services_by_name["IngestService"],
)
NAMES = [service.full_name for service in SERVICES]


@dataclass
class Deployment:
    """Keeps what it was request, and repeats a method's last answer.

    Each call of a watch gets a list of answers of its own, and then waits for news that never come.
    """

    server: GrpcServer
    requests: list[Message] = field(default_factory=list)
    watches: list[list[Answer]] = field(default_factory=list)
    _answers: dict[str, list[Answer]] = field(default_factory=dict)

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.server.port}"

    async def is_well(self, answer: bool) -> None:

        async def probe() -> bool:
            return answer

        await self.server.set_health(NAMES, probe)

    def answers(self, method: str, *answers: Answer) -> None:
        self._answers[method] = list(answers)

    def received(self, kind: type[Kind]) -> list[Kind]:
        return [request for request in self.requests if isinstance(request, kind)]

    async def unary(self, method: str, request: Message, context: Context) -> Message:
        self.requests.append(request)
        script = self._answers.get(method, [grpc.StatusCode.UNIMPLEMENTED])
        return await _respond(script.pop(0) if len(script) > 1 else script[0], context)

    async def watch(self, request: Message, context: Context) -> AsyncIterator[Message]:
        self.requests.append(request)
        for answer in [*(self.watches.pop(0) if self.watches else []), None]:
            yield await _respond(answer, context)


async def _respond(answer: Answer, context: Context) -> Message:
    if answer is None:
        await asyncio.Event().wait()
    if isinstance(answer, RpcStatus):
        await context.abort_with_status(to_grpc_status(answer, domain=DOMAIN))
    if isinstance(answer, grpc.StatusCode):
        await context.abort(answer, "scripted")
    assert isinstance(answer, Message)
    return answer


@asynccontextmanager
async def serving(
    listen: str = "127.0.0.1:0", security: ServerSecurity = INSECURE
) -> AsyncIterator[Deployment]:
    """A real server, healthy from the start."""
    server = GrpcServer(listen, [], security)
    deployment = Deployment(server)
    for service in SERVICES:
        handlers = {method.name: _handler(deployment, method) for method in service.methods}
        generic = grpc.method_handlers_generic_handler(service.full_name, handlers)
        server.server.add_generic_rpc_handlers([generic])
    await server.start(NAMES)
    await deployment.is_well(True)
    try:
        yield deployment
    finally:
        await server.server.stop(None)


def _handler(deployment: Deployment, method: MethodDescriptor) -> "grpc.RpcMethodHandler[Any, Any]":
    # The stubs know only blocking handlers; on an aio server they are coroutine functions.
    behave: Any = deployment.watch
    kind: Any = grpc.unary_stream_rpc_method_handler
    if not method.server_streaming:
        kind = grpc.unary_unary_rpc_method_handler

        async def behave(request: Message, context: Context) -> Message:
            return await deployment.unary(method.name, request, context)

    handler: grpc.RpcMethodHandler[Any, Any] = kind(
        behave,
        request_deserializer=GetMessageClass(method.input_type).FromString,
        response_serializer=GetMessageClass(method.output_type).SerializeToString,
    )
    return handler
