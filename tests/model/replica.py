"""One replica of the service, without its background loops."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from model.people import POOLS
from redis.asyncio import Redis

from conversation_service.app.application import Application
from conversation_service.app.options import Connections
from conversation_service.app.wiring import Wiring
from conversation_service.rpc.core.permissions import SERVICES
from conversation_service.rpc.core.status import DOMAIN, status_of, too_slow
from maskline.conversation.v1.conversation_pb2_grpc import ConversationServiceStub
from maskline.conversation.v1.event_pb2_grpc import EventServiceStub
from runtime.clock import SharedClock
from runtime.grpc.error_interceptor import ErrorInterceptor
from support.builders.conversations import CIPHER

if TYPE_CHECKING:
    from maskline.conversation.v1.conversation_pb2_grpc import ConversationServiceAsyncStub
    from maskline.conversation.v1.event_pb2_grpc import EventServiceAsyncStub

# ClientCalls that were cancelled are on their way out.
GRACE_SECONDS = 0.1

Method = Callable[..., grpc.aio.UnaryUnaryCall[Message, Message]]


@dataclass
class Replica:
    """Serves on a port of its own. `methods` has all RPCs but the streaming one."""

    service: Application
    server: grpc.aio.Server
    channel: grpc.aio.Channel
    methods: Mapping[str, Method]

    @property
    def stub(self) -> "ConversationServiceAsyncStub":
        return ConversationServiceStub(self.channel)

    @property
    def events(self) -> "EventServiceAsyncStub":
        return EventServiceStub(self.channel)

    async def close(self) -> None:
        await self.channel.close()
        await self.server.stop(GRACE_SECONDS)


async def start_replica(
    redis: Redis, reader: Redis, messaging: grpc.aio.Channel, clock: SharedClock
) -> Replica:
    """Seeds its pools."""
    service = Application(Wiring(POOLS, Connections(redis, reader, messaging), CIPHER, clock))
    server = grpc.aio.server(interceptors=[ErrorInterceptor(DOMAIN, status_of, too_slow)])
    service.add_servicers(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await service.wiring.seeder.seed_all()
    await service.wiring.directory.refresh()
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
    return Replica(service, server, channel, _methods(channel))


def _methods(channel: grpc.aio.Channel) -> dict[str, Method]:
    methods = (method for service in SERVICES for method in service.methods)
    return {
        method.name: _method(channel, method) for method in methods if not method.server_streaming
    }


def _method(channel: grpc.aio.Channel, descriptor: MethodDescriptor) -> Method:
    request, response = (
        GetMessageClass(descriptor.input_type),
        GetMessageClass(descriptor.output_type),
    )
    return channel.unary_unary(
        f"/{descriptor.containing_service.full_name}/{descriptor.name}",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )
