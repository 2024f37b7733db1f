"""The conversation service in this process, on real ports, with a clock that the test owns."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING
from uuid import uuid4

import grpc

from conversation_service.serve.service import SERVICE_NAMES, Service
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1.conversation_pb2_grpc import ConversationServiceStub
from maskline.messaging.v1 import messaging_pb2
from runtime.grpc_client import open_channel
from runtime.redis_client import open_redis
from support.clock import ManualClock
from support.conversations import MASKED, POOL, VAULT
from support.eventually import eventually
from support.grpc_calls import is_serving
from support.ports import free_port
from support.scripted_messaging import ScriptedMessaging, serving

if TYPE_CHECKING:
    from maskline.conversation.v1.conversation_pb2_grpc import ConversationServiceAsyncStub

MESSAGING = messaging_pb2.DESCRIPTOR.services_by_name["MessagingService"]
CALL_SECONDS = 10.0


@dataclass
class RunningService:
    """A caller's view of the service, and of what it had sent."""

    channel: grpc.aio.Channel
    messaging: ScriptedMessaging
    clock: ManualClock
    _ids: "count[int]" = field(default_factory=count)

    @property
    def stub(self) -> "ConversationServiceAsyncStub":
        return ConversationServiceStub(self.channel)

    async def says(self, number: str, body: str, to: str = MASKED) -> pb.ReceiveMessageResult:
        """A text comes in."""
        message = self.text(number, body, to)
        [result] = (await self.receive(message)).results
        return result

    def text(self, number: str, body: str, to: str = MASKED) -> pb.InboundMessage:
        """A text with an id of its own."""
        return pb.InboundMessage(
            carrier_message_id=f"mdr2-{next(self._ids):032x}",
            from_number=number,
            to_number=to,
            body=body,
        )

    async def receive(self, *messages: pb.InboundMessage) -> pb.ReceiveMessagesResponse:
        """Texts come in together."""
        request = pb.ReceiveMessagesRequest(messages=messages)
        return await self.stub.ReceiveMessages(request, timeout=CALL_SECONDS)

    async def heard(self, number: str, texts: int) -> list[str]:
        """What a phone has been sent, once it is that much."""

        async def arrived() -> bool:
            return len(self._sent_to(number)) >= texts

        await eventually(arrived)
        return self._sent_to(number)

    async def start(self, number: str) -> pb.StartConversationResponse:
        """A client starts a conversation for somebody."""
        request = pb.StartConversationRequest(
            request_id=str(uuid4()), pool=POOL.name, phone_number=number
        )
        return await self.stub.StartConversation(request, timeout=CALL_SECONDS)

    async def join(self, number: str, code: str) -> pb.Conversation:
        """A client lets somebody in."""
        request = pb.JoinConversationRequest(
            request_id=str(uuid4()), pool=POOL.name, phone_number=number, code=code
        )
        response = await self.stub.JoinConversation(request, timeout=CALL_SECONDS)
        return response.conversation

    async def get(self, conversation_id: str) -> pb.Conversation:
        """A conversation as it stands."""
        request = pb.GetConversationRequest(pool=POOL.name, conversation_id=conversation_id)
        return (await self.stub.GetConversation(request, timeout=CALL_SECONDS)).conversation

    def _sent_to(self, number: str) -> list[str]:
        return [one.body for one in self.messaging.sent if one.to_number == number]


@asynccontextmanager
async def running(redis_url: str, clock: ManualClock) -> AsyncIterator[RunningService]:
    """One replica with its own connections, as `python -m conversation_service` has them."""
    messaging, stop = ScriptedMessaging(), asyncio.Event()
    listen = f"127.0.0.1:{free_port()}"
    async with (
        serving(messaging) as target,
        open_redis(redis_url) as redis,
        open_redis(redis_url, retries=0) as reader,
        open_channel(target, [MESSAGING]) as to_messaging,
        grpc.aio.insecure_channel(listen) as channel,
    ):
        service = Service(
            [POOL], redis=redis, reader=reader, messaging=to_messaging, vault=VAULT, clock=clock
        )
        serve = asyncio.create_task(service.serve(listen, stop))
        await healthy(channel, serve)
        yield RunningService(channel, messaging, clock)
        stop.set()
        await serve


async def healthy(channel: grpc.aio.Channel, serve: "asyncio.Task[None]") -> None:
    """Waits until the service says it serves."""

    async def serves() -> bool:
        if serve.done():
            await serve
        return await is_serving(channel, SERVICE_NAMES[0])

    await eventually(serves)
