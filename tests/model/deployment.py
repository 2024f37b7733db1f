"""The service under test: two replicas on a real Redis, called over gRPC, without loops."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TypeVar, cast

import grpc
from google.protobuf.message import Message
from grpc_status import rpc_status
from model.checks.invariants import shows_nothing_private
from model.people import POOLS
from model.redis_time import pass_in_redis
from model.replica import Replica, start_replica
from redis.asyncio import Redis

from conversation_service.dispatch.dispatcher import Dispatcher
from conversation_service.rpc.core.status import DOMAIN
from conversation_service.store.keyspace.keys import Keys
from maskline.conversation.v1 import event_pb2
from maskline.ingest.v1 import ingest_pb2
from maskline.messaging.v1 import messaging_pb2
from runtime.grpc.client import open_channel
from runtime.redis.client import open_redis
from support.clock import ManualClock
from support.fakes.scripted_messaging import ScriptedMessaging, serving
from support.net.grpc_calls import reason

MESSAGING = messaging_pb2.DESCRIPTOR.services_by_name["MessagingService"]
# For a busy machine: nothing is asserted about speed.
CALL_SECONDS = 120.0
# Far more than any step has messages to send.
MAX_DISPATCH_ROUNDS = 1000
# How long a read of the outbox waits.
BLOCK_MS = 5
REPLICAS = 2
DELIVERED = messaging_pb2.MESSAGE_STATE_DELIVERED
UNDELIVERED = messaging_pb2.MESSAGE_STATE_UNDELIVERED

Response = TypeVar("Response", bound=Message)


@dataclass
class Connections:
    """Connections of all examples."""

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
class Deployment:
    """The service of one example. Its replicas are called in turn."""

    connections: Connections
    clock: ManualClock
    replicas: list[Replica]
    dispatchers: dict[str, Dispatcher]
    _jobs_ran_at: datetime
    _turns: "count[int]" = field(default_factory=count)
    _read_sent: int = 0
    _sent_ids: set[str] = field(default_factory=set)
    _cursors: dict[str, str] = field(default_factory=dict)

    @property
    def redis(self) -> Redis:
        return self.connections.redis

    async def call(self, request: Message, kind: type[Response]) -> Response | str:
        """The response of an RPC, or the reason of a refusal."""
        replica = self._next_replica()
        method = replica.methods[request.DESCRIPTOR.name.removesuffix("Request")]
        try:
            response = await method(request, timeout=CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            return _reason(error)
        shows_nothing_private(response.SerializeToString())
        assert isinstance(response, kind)
        return response

    async def report(self, message_id: str, *, is_delivered: bool) -> None:
        """A delivery receipt arrives."""
        self.connections.messaging.receipt_state = DELIVERED if is_delivered else UNDELIVERED
        receipt = ingest_pb2.DeliveryReceipt(
            carrier_message_id=f"mdr2-{message_id}", send_token=f"token-{message_id}"
        )
        request = ingest_pb2.IngestDeliveryReceiptsRequest(receipts=[receipt])
        response = await self.call(request, ingest_pb2.IngestDeliveryReceiptsResponse)
        assert not isinstance(response, str), response
        [result] = response.results
        assert result.outcome == ingest_pb2.RECEIPT_OUTCOME_RECORDED

    async def move_clock(self, by: timedelta) -> None:
        """Of the service and of Redis. No job runs."""
        self.clock.move(seconds=by.total_seconds())
        await pass_in_redis(self.redis, by)

    async def settle(self, *, runs_jobs: bool) -> None:
        """Runs the jobs, at least when the clock has moved, and empties the outboxes."""
        if runs_jobs or self._jobs_ran_at != self.clock.now():
            await self._run_jobs()
        for _ in range(MAX_DISPATCH_ROUNDS):
            waiting = [pool for pool, number in (await self.outbox_sizes()).items() if number]
            if not waiting:
                return
            for pool in waiting:
                await self.dispatchers[pool].run_once()
        raise AssertionError("a message stays in the outbox")

    async def _run_jobs(self) -> None:
        """Expiry, warnings and purging."""
        service = self._next_replica().service
        for pool in service.wiring.directory.pools:
            expiry = service.wiring.expiry(pool)
            # A full batch took no time by this clock.
            while not await expiry.run_once():
                pass
        self._jobs_ran_at = self.clock.now()

    async def outbox_sizes(self) -> dict[str, int]:
        """The number of waiting messages by pool."""
        pipeline = self.redis.pipeline(transaction=False)
        for pool in POOLS:
            pipeline.xlen(Keys(pool.name).outbox)
        return dict(zip((pool.name for pool in POOLS), await pipeline.execute(), strict=True))

    def sent(self) -> Sequence[messaging_pb2.OutboundMessage]:
        """New messages for the carrier since the last call, each once."""
        # The messaging service sends each id once, however often it is asked to.
        sent = self.connections.messaging.sent
        by_id = {message.message_id: message for message in sent[self._read_sent :]}
        self._read_sent = len(sent)
        new = [message for name, message in by_id.items() if name not in self._sent_ids]
        self._sent_ids |= by_id.keys()
        return new

    async def watched_events(self, pool: str) -> list[event_pb2.Event]:
        """The events since the last call, by a subscription that is resumed at another replica."""
        latest = (await self.event_ids(pool))[-1]
        cursor, events = self._cursors.get(pool, "0-0"), []
        while cursor != latest:
            request = event_pb2.WatchEventsRequest(pool_id=pool, cursor=cursor)
            call = self._next_replica().events.WatchEvents(request, timeout=CALL_SECONDS)
            async for response in call:
                shows_nothing_private(response.SerializeToString())
                cursor = response.cursor
                if not response.heartbeat:
                    events.append(response.event)
                if cursor == latest:
                    break
            call.cancel()
        self._cursors[pool] = cursor
        return events

    async def event_ids(self, pool: str) -> list[str]:
        """Read from the stream itself."""
        rows = cast("list[tuple[bytes, object]]", await self.redis.xrange(Keys(pool).events))
        return [event_id.decode() for event_id, _ in rows]

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
    shows_nothing_private(status.SerializeToString())
    return reason(refusal, DOMAIN)


async def new_deployment(connected: Connections) -> Deployment:
    """With an empty Redis and new replicas."""
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
    return Deployment(connected, clock, replicas, dispatchers, clock.now())
