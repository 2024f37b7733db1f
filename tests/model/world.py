"""The real service on a real Redis: two replicas, cranked by hand, everything asked over gRPC."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TypeVar, cast

import grpc
from google.protobuf.message import Message
from grpc_status import rpc_status
from redis.asyncio import Redis

from conversation_service.dispatch.dispatcher import Dispatcher
from conversation_service.rpc.core.status import DOMAIN
from conversation_service.store.keyspace.keys import Keys
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2
from maskline.messaging.v1 import messaging_pb2
from runtime.grpc.client import open_channel
from runtime.redis.client import open_redis
from support.clock import ManualClock
from support.grpc_calls import reason
from support.scripted_messaging import ScriptedMessaging, serving

from .cast import POOLS
from .invariants import tells_nothing
from .redis_time import pass_in_redis
from .replica import Replica, start_replica

MESSAGING = messaging_pb2.DESCRIPTOR.services_by_name["MessagingService"]
# A limit for a machine that is busy with something else; nothing is ever asserted about speed.
CALL_SECONDS = 30.0
# Far more rounds than any step has texts to send: beyond that something stays owed for ever.
ROUNDS = 1000
# How long one read of the outbox waits: texts that are under way need not be asked after.
BLOCK_MS = 5
REPLICAS = 2
DELIVERED = messaging_pb2.MESSAGE_STATE_DELIVERED
UNDELIVERED = messaging_pb2.MESSAGE_STATE_UNDELIVERED

Response = TypeVar("Response", bound=Message)


@dataclass
class Connections:
    """What outlives an example."""

    redis: Redis
    reader: Redis
    messaging: ScriptedMessaging
    to_messaging: grpc.aio.Channel


@asynccontextmanager
async def connections(redis_url: str) -> AsyncIterator[Connections]:
    """As a process of the service opens them."""
    messaging = ScriptedMessaging()
    async with (
        serving(messaging) as target,
        open_redis(redis_url) as redis,
        open_redis(redis_url, retries=0) as reader,
        open_channel(target, [MESSAGING]) as to_messaging,
    ):
        yield Connections(redis, reader, messaging, to_messaging)


@dataclass
class World:
    """One example's service. Its replicas are asked in turn."""

    connections: Connections
    clock: ManualClock
    replicas: list[Replica]
    dispatchers: dict[str, Dispatcher]
    _swept: datetime
    _turns: "count[int]" = field(default_factory=count)
    _looked_at: int = 0
    _known: set[str] = field(default_factory=set)
    _cursors: dict[str, str] = field(default_factory=dict)

    @property
    def redis(self) -> Redis:
        return self.connections.redis

    async def ask(self, request: Message, kind: type[Response]) -> Response | str:
        """What an RPC answers: a response, or the reason of a refusal."""
        replica = self._next_replica()
        method = replica.methods[request.DESCRIPTOR.name.removesuffix("Request")]
        try:
            response = await method(request, timeout=CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            return _reason(error)
        tells_nothing(response.SerializeToString())
        assert isinstance(response, kind)
        return response

    async def report(self, message_id: str, *, arrives: bool) -> None:
        """A receipt comes in."""
        self.connections.messaging.receipt_state = DELIVERED if arrives else UNDELIVERED
        receipt = pb.DeliveryReceipt(
            carrier_message_id=f"mdr2-{message_id}", send_token=f"token-{message_id}"
        )
        request = pb.ReceiveDeliveryReceiptsRequest(receipts=[receipt])
        response = await self.ask(request, pb.ReceiveDeliveryReceiptsResponse)
        assert not isinstance(response, str), response
        [result] = response.results
        assert result.outcome == pb.RECEIPT_OUTCOME_RECORDED

    async def move(self, by: timedelta) -> None:
        """Time goes by, here and in Redis; nobody has looked yet what that changes."""
        self.clock.move(seconds=by.total_seconds())
        await pass_in_redis(self.redis, by)

    async def settle(self, *, sweeps: bool) -> None:
        """The sweeper comes by, at least when time has passed; everything owed is sent."""
        if sweeps or self._swept != self.clock.now():
            await self.sweep()
        for _ in range(ROUNDS):
            owed = [pool for pool, number in (await self.owed()).items() if number]
            if not owed:
                return
            for pool in owed:
                await self.dispatchers[pool].run_once()
        raise AssertionError("some text stays owed for ever")

    async def sweep(self) -> None:
        """Ends, warns of and forgets what is due."""
        service = self._next_replica().service
        for pool in service.wiring.directory.pools:
            assert await service.wiring.expiry(pool).run_once() > 0
        self._swept = self.clock.now()

    async def owed(self) -> dict[str, int]:
        """How many texts each pool's outbox holds."""
        pipeline = self.redis.pipeline(transaction=False)
        for pool in POOLS:
            pipeline.xlen(Keys(pool.name).outbox)
        return dict(zip((pool.name for pool in POOLS), await pipeline.execute(), strict=True))

    def sent(self) -> Sequence[messaging_pb2.OutboundMessage]:
        """What the carrier was handed since this was last asked, each text once."""
        # The messaging service sends each id once, however often it is asked to.
        everything = self.connections.messaging.sent
        fresh = {one.message_id: one for one in everything[self._looked_at :]}
        self._looked_at = len(everything)
        news = [one for name, one in fresh.items() if name not in self._known]
        self._known |= fresh.keys()
        return news

    async def watched(self, pool: str) -> list[event_pb2.Event]:
        """The events since this was last asked, as a watch that goes on at another replica."""
        newest = (await self.event_ids(pool))[-1]
        cursor, seen = self._cursors.get(pool, "0"), []
        while cursor != newest:
            request = pb.WatchEventsRequest(pool=pool, cursor=cursor)
            call = self._next_replica().watches.WatchEvents(request, timeout=CALL_SECONDS)
            async for response in call:
                tells_nothing(response.SerializeToString())
                cursor = response.cursor
                if not response.is_heartbeat:
                    seen.append(response.event)
                if cursor == newest:
                    break
            call.cancel()
        self._cursors[pool] = cursor
        return seen

    async def event_ids(self, pool: str) -> list[str]:
        """All that are in the stream itself."""
        found = cast("list[tuple[bytes, object]]", await self.redis.xrange(Keys(pool).events))
        return [event_id.decode() for event_id, _ in found]

    async def close(self) -> None:
        for dispatcher in self.dispatchers.values():
            await dispatcher.close()
        for replica in self.replicas:
            await replica.close()

    def _next_replica(self) -> Replica:
        return self.replicas[next(self._turns) % len(self.replicas)]


def _reason(refusal: grpc.aio.AioRpcError) -> str:
    status = rpc_status.from_call(cast("grpc.Call", refusal))
    assert status is not None, refusal
    tells_nothing(status.SerializeToString())
    return reason(refusal, DOMAIN)


async def new_world(connected: Connections) -> World:
    """An empty Redis, and replicas that have seen nothing."""
    await connected.redis.flushall()
    connected.messaging.sent.clear()
    connected.messaging.opted_out.clear()
    clock = ManualClock()
    replicas = [
        await start_replica(connected.redis, connected.reader, connected.to_messaging, clock)
        for _ in range(REPLICAS)
    ]
    dispatchers = {
        pool.name: replica.service.wiring.dispatcher(pool, block_ms=BLOCK_MS)
        for replica, pool in zip(replicas, replicas[0].service.wiring.directory.pools, strict=True)
    }
    return World(connected, clock, replicas, dispatchers, clock.now())
