"""The conversation service in this process, on a real port, with a manual clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

import grpc
from redis.asyncio import Redis

from conversation_service.app.application import SERVICE_NAMES, Application
from conversation_service.app.options import Connections, Options
from conversation_service.app.wiring import Wiring
from conversation_service.domain.model.pool import SeededPool
from conversation_service.store.conversations.commit import INTRODUCTION_LIFETIME
from conversation_service.store.deployment.state_directory import StateDirectory
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import Keys
from maskline.admin.v1.maintenance_pb2_grpc import MaintenanceServiceStub
from maskline.admin.v1.person_pb2_grpc import PersonServiceStub
from maskline.admin.v1.pool_pb2_grpc import PoolServiceStub
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2
from maskline.conversation.v1.conversation_pb2_grpc import ConversationServiceStub
from maskline.conversation.v1.event_pb2_grpc import EventServiceStub
from maskline.ingest.v1 import ingest_pb2
from maskline.ingest.v1.ingest_pb2_grpc import IngestServiceStub
from maskline.messaging.v1 import messaging_pb2
from runtime.clock import SharedClock
from runtime.grpc.client import open_channel
from runtime.grpc.security import ServerSecurity
from runtime.redis.client import open_redis
from support.builders.conversation_calls import CALL_SECONDS, ask, participants
from support.builders.conversations import CIPHER, MASKED, PEOPLE, POOL, SEED
from support.clock import ManualClock
from support.eventually import eventually
from support.fakes.scripted_messaging import ScriptedMessaging, serving
from support.net.grpc_calls import is_serving
from support.net.ports import free_port

if TYPE_CHECKING:
    from maskline.admin.v1.maintenance_pb2_grpc import MaintenanceServiceAsyncStub
    from maskline.admin.v1.person_pb2_grpc import PersonServiceAsyncStub
    from maskline.admin.v1.pool_pb2_grpc import PoolServiceAsyncStub
    from maskline.conversation.v1.conversation_pb2_grpc import ConversationServiceAsyncStub
    from maskline.conversation.v1.event_pb2_grpc import EventServiceAsyncStub
    from maskline.ingest.v1.ingest_pb2_grpc import IngestServiceAsyncStub

# Without authorization, as in `make run`.
WITH_REFLECTION = ServerSecurity(serves_reflection=True)
MESSAGING = messaging_pb2.DESCRIPTOR.services_by_name["MessagingService"]


@dataclass
class RunningService:
    """A replica as its callers, the messaging service and Redis see it."""

    channel: grpc.aio.Channel
    messaging: ScriptedMessaging
    clock: ManualClock
    redis: Redis
    target: str = ""

    @property
    def stub(self) -> "ConversationServiceAsyncStub":
        return ConversationServiceStub(self.channel)

    @property
    def events(self) -> "EventServiceAsyncStub":
        return EventServiceStub(self.channel)

    @property
    def ingest(self) -> "IngestServiceAsyncStub":
        return IngestServiceStub(self.channel)

    @property
    def pools(self) -> "PoolServiceAsyncStub":
        return PoolServiceStub(self.channel)

    @property
    def people(self) -> "PersonServiceAsyncStub":
        return PersonServiceStub(self.channel)

    @property
    def deployment(self) -> "MaintenanceServiceAsyncStub":
        return MaintenanceServiceStub(self.channel)

    async def deliver(
        self, number: str, body: str, to: str = MASKED
    ) -> ingest_pb2.IngestMessageResult:
        """Delivers one inbound message."""
        message = self.text(number, body, to)
        [result] = (await self.receive(message)).results
        return result

    def text(self, number: str, body: str, to: str = MASKED) -> ingest_pb2.InboundMessage:
        """An inbound message with a new id."""
        return ingest_pb2.InboundMessage(
            carrier_message_id=f"mdr2-{uuid4().hex}", from_number=number, to_number=to, body=body
        )

    async def receive(
        self, *messages: ingest_pb2.InboundMessage
    ) -> ingest_pb2.IngestMessagesResponse:
        """Delivers inbound messages as one batch."""
        request = ingest_pb2.IngestMessagesRequest(messages=messages)
        return await self.ingest.IngestMessages(request, timeout=CALL_SECONDS)

    async def receipts(self, *message_ids: str) -> list[ingest_pb2.ReceiptOutcome.ValueType]:
        """Delivers receipts of these messages as one batch."""
        receipts = [
            ingest_pb2.DeliveryReceipt(
                carrier_message_id=f"mdr2-{message_id}", send_token=f"token-{message_id}"
            )
            for message_id in message_ids
        ]
        request = ingest_pb2.IngestDeliveryReceiptsRequest(receipts=receipts)
        response = await self.ingest.IngestDeliveryReceipts(request, timeout=CALL_SECONDS)
        return [result.outcome for result in response.results]

    async def heard(self, number: str, texts: int) -> list[str]:
        """Waits until a phone has been sent this many messages; returns their bodies."""

        async def arrived() -> bool:
            return len(self.sent_to(number)) >= texts

        await eventually(arrived)
        return self.sent_to(number)

    def sent_to(self, number: str) -> list[str]:
        """The bodies that a phone has been sent so far."""
        return [message.body for message in self.sent() if message.to_number == number]

    def sent(self) -> list[messaging_pb2.OutboundMessage]:
        """Every sent message once, since the real messaging service ignores repetitions.

        A dispatcher that loses its lease, as it does while the clock stands, hands them in again.
        """
        return list({message.message_id: message for message in self.messaging.sent}.values())

    async def healthy(self) -> None:
        """Waits until the health service reports SERVING, so that all connections are open."""
        await eventually(partial(is_serving, self.channel, SERVICE_NAMES[0]))

    async def quiet(self, pool: str = POOL.name) -> None:
        """Waits until the outbox of a pool is empty."""

        async def is_empty() -> bool:
            return await self.redis.xlen(Keys(pool).outbox) == 0

        await eventually(is_empty)

    async def start(self, number: str, masked_number: str = "") -> pb.CreateConversationResponse:
        """A conversation in which one person waits."""
        request = pb.CreateConversationRequest(
            participants=participants(number), masked_number=masked_number
        )
        return await ask(self.stub.CreateConversation, request)

    async def join(self, number: str, code: str) -> pb.Conversation:
        """Calls JoinConversation."""
        request = pb.JoinConversationRequest(phone_number=number, join_code=code)
        return (await ask(self.stub.JoinConversation, request)).conversation

    async def introduce(self, *numbers: str, pool: str = POOL.name) -> None:
        """From now on these people have been told who texts, so silent requests spare them."""
        for number in numbers:
            participant_id = PEOPLE.person(pool, number).participant_id
            known = Keys(pool).introduced(participant_id)
            await self.redis.set(known, 1, ex=INTRODUCTION_LIFETIME)

    async def open(
        self, *numbers: str, masked_number: str = MASKED, unique_name: str = ""
    ) -> pb.Conversation:
        """A conversation of two people, who know the pool and are not notified."""
        await self.introduce(*numbers)
        request = pb.CreateConversationRequest(
            participants=participants(*numbers),
            masked_number=masked_number,
            unique_name=unique_name,
            silent=True,
        )
        return (await ask(self.stub.CreateConversation, request)).conversation

    async def end(self, conversation_id: str) -> pb.Conversation:
        """Calls EndConversation as the operator."""
        request = pb.EndConversationRequest(conversation_id=conversation_id)
        return (await ask(self.stub.EndConversation, request)).conversation

    async def get(self, conversation_id: str) -> pb.Conversation:
        """Calls GetConversation."""
        request = pb.GetConversationRequest(conversation_id=conversation_id)
        return (await ask(self.stub.GetConversation, request)).conversation

    async def timeline(self, conversation_id: str) -> list[event_pb2.Event]:
        """The first 500 events of a conversation."""
        request = event_pb2.ListEventsRequest(conversation_id=conversation_id, page_size=500)
        return list((await ask(self.events.ListEvents, request)).events)


@asynccontextmanager
async def connected(
    redis_url: str,
    clock: SharedClock,
    *pools: SeededPool,
    messaging: ScriptedMessaging | None = None,
    cipher: Cipher = CIPHER,
    uses_development_key: bool = False,
    recovery_interval: timedelta = timedelta(0),
    state_directory: StateDirectory | None = None,
) -> AsyncIterator[Application]:
    """The application with its own connections, as `python -m conversation_service` has them."""
    async with (
        serving(messaging or ScriptedMessaging()) as target,
        open_redis(redis_url) as redis,
        open_redis(redis_url, retries=0) as reader,
        open_channel(target, [MESSAGING]) as to_messaging,
    ):
        connections = Connections(redis, reader, to_messaging)
        options = Options(uses_development_key, recovery_interval, state_directory)
        yield Application(Wiring(pools or [SEED], connections, cipher, clock, options))


@asynccontextmanager
async def running(
    redis_url: str,
    clock: ManualClock,
    *pools: SeededPool,
    messaging: ScriptedMessaging | None = None,
    cipher: Cipher = CIPHER,
    uses_development_key: bool = False,
    security: ServerSecurity = WITH_REFLECTION,
    recovery_interval: timedelta = timedelta(0),
    shared_clock: SharedClock | None = None,
    state_directory: StateDirectory | None = None,
) -> AsyncIterator[RunningService]:
    """One replica that serves until the end of the test, by `clock` or another one."""
    messaging, stop = messaging or ScriptedMessaging(), asyncio.Event()
    listen = f"127.0.0.1:{free_port()}"
    async with (
        connected(
            redis_url,
            shared_clock or clock,
            *pools,
            messaging=messaging,
            cipher=cipher,
            uses_development_key=uses_development_key,
            recovery_interval=recovery_interval,
            state_directory=state_directory,
        ) as application,
        open_redis(redis_url) as redis,
        grpc.aio.insecure_channel(listen) as channel,
    ):
        serve = asyncio.create_task(application.serve(listen, stop, security))
        try:
            await _ready(application, serve)
            yield RunningService(channel, messaging, clock, redis, listen)
        finally:
            stop.set()
            await serve


async def _ready(application: Application, serve: "asyncio.Task[None]") -> None:
    """Waits until the pools have been seeded; the health service reports that a second later."""

    async def is_ready() -> bool:
        if serve.done():
            await serve
        return application.is_ready

    await eventually(is_ready)
