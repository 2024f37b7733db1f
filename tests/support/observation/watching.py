"""Clients of WatchEvents."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

import grpc

from conversation_service.app.application import SERVICE_NAMES
from conversation_service.rpc.core.status import DOMAIN, status_of, too_slow
from maskline.conversation.v1 import event_pb2 as pb
from runtime.grpc.error_interceptor import ErrorInterceptor
from runtime.grpc.server import GrpcServer
from runtime.redis.client import open_redis
from support.builders.conversation_calls import filled, kind
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER
from support.clock import ManualClock
from support.eventually import PATIENCE_SECONDS
from support.fakes.scripted_messaging import ScriptedMessaging
from support.services.conversation_service import RunningService, connected

# Short for a client that does not read, long enough for a stall of a busy machine.
WRITE_SECONDS = 1.0
# Without growing flow-control windows some 130 kB are buffered for a client: about 700 events.
FIXED_WINDOW = (("grpc.http2.bdp_probe", 0),)
BATCHES, BATCH = 12, 256
# Where a watch starts that has no cursor.
NOW, OLDEST = "now", "oldest"
POSITIONS = {NOW: pb.START_POSITION_NOW, OLDEST: pb.START_POSITION_OLDEST}

Call: TypeAlias = "grpc.aio.UnaryStreamCall[pb.WatchEventsRequest, pb.WatchEventsResponse]"


@dataclass
class Watch:
    """A stream; `cursor` is that of the last response read."""

    call: Call
    cursor: str = ""

    async def response(self) -> pb.WatchEventsResponse:
        """The next response; raises the error that ends the stream."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            response = await self.call.read()
        if not isinstance(response, pb.WatchEventsResponse):
            raise AssertionError(f"the watch ended with {await self.call.code()}")
        self.cursor = response.cursor
        return response

    async def event(self) -> pb.WatchEventsResponse:
        """The next response with an event."""
        while (response := await self.response()).heartbeat:
            pass
        return response

    async def heartbeat(self) -> pb.WatchEventsResponse:
        """The next heartbeat; skips events."""
        while not (response := await self.response()).heartbeat:
            pass
        return response

    async def kinds(self, number: int) -> list[str]:
        """The types of the next events."""
        return [kind((await self.event()).event) for _ in range(number)]


def watch_request(*, conversation_id: str = "", cursor: str = NOW) -> pb.WatchEventsRequest:
    """A request for the tests' pool."""
    request = filled(pb.WatchEventsRequest(conversation_id=conversation_id))
    if cursor in POSITIONS:
        request.start_position = POSITIONS[cursor]
    else:
        request.cursor = cursor
    return request


@asynccontextmanager
async def watching(
    service: RunningService, *, conversation_id: str = "", cursor: str = NOW
) -> AsyncIterator[Watch]:
    """A watch of the tests' pool; its first heartbeat has the cursor that it starts at."""
    request = watch_request(conversation_id=conversation_id, cursor=cursor)
    call = service.events.WatchEvents(request)
    try:
        yield Watch(call)
    finally:
        call.cancel()


async def wait_for_event(service: RunningService, expected: str) -> None:
    """Waits for an event of this type, from the oldest on."""
    async with watching(service, cursor=OLDEST) as watch:
        while kind((await watch.event()).event) != expected:
            pass


@asynccontextmanager
async def open_watches(service: RunningService, number: int) -> AsyncIterator[list[Watch]]:
    """This many watches, all of which have started."""
    request = watch_request()
    watchers = [Watch(service.events.WatchEvents(request)) for _ in range(number)]
    try:
        for watcher in watchers:
            await watcher.heartbeat()
        yield watchers
    finally:
        for watcher in watchers:
            watcher.call.cancel()


async def has_free_slot(service: RunningService) -> bool:
    """Whether another watch can start."""
    try:
        async with watching(service) as watch:
            return (await watch.response()).heartbeat
    except grpc.aio.AioRpcError:
        return False


async def first_events(service: RunningService, number: int) -> list[tuple[str, str]]:
    """The ids and types of the oldest events."""
    async with watching(service, cursor=OLDEST) as watch:
        events = [(await watch.event()).event for _ in range(number)]
    return [(event.event_id, kind(event)) for event in events]


@asynccontextmanager
async def short_write_timeout(redis_url: str, clock: ManualClock) -> AsyncIterator[RunningService]:
    """A replica with a short write timeout and without background loops."""
    server = GrpcServer(
        "127.0.0.1:0", [ErrorInterceptor(DOMAIN, status_of, too_slow, write_seconds=WRITE_SECONDS)]
    )
    target = f"127.0.0.1:{server.port}"
    async with (
        connected(redis_url, clock) as service,
        open_redis(redis_url) as redis,
        grpc.aio.insecure_channel(target, options=FIXED_WINDOW) as channel,
    ):
        service.add_servicers(server.server)
        await service.wiring.seeder.seed_all()
        await server.start(SERVICE_NAMES)
        try:
            yield RunningService(channel, ScriptedMessaging(), clock, redis)
        finally:
            await server.stop()


async def create_many_events(service: RunningService) -> int:
    """Creates more events than fit into the buffers of a stream; returns their number."""
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    for _ in range(BATCHES):
        await service.receive(*(service.text(ALICE_NUMBER, str(number)) for number in range(BATCH)))
    # Besides POOL_CREATED and CONVERSATION_OPENED.
    return 2 + BATCHES * BATCH
