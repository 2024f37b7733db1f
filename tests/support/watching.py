"""Watches of a conversation service's events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

import grpc

from conversation_service.app.application import SERVICE_NAMES
from conversation_service.rpc.core.status import DOMAIN, status_of, too_slow
from maskline.conversation.v1 import conversation_pb2 as pb
from runtime.grpc.error_interceptor import ErrorInterceptor
from runtime.grpc.server import GrpcServer
from runtime.redis.client import open_redis
from support.clock import ManualClock
from support.conversation_calls import filled, kind
from support.conversation_service import RunningService, connected
from support.conversations import ALICE_NUMBER, BOB_NUMBER
from support.eventually import PATIENCE_SECONDS
from support.scripted_messaging import ScriptedMessaging

# Soon over; who reads nothing at all cannot be too quick for it.
IMPATIENCE_SECONDS = 0.2
# Without growing windows some 130 kB are under way to who does not read: 700 events or so.
NARROW = (("grpc.http2.bdp_probe", 0),)
BATCHES, BATCH = 12, 256

Call: TypeAlias = "grpc.aio.UnaryStreamCall[pb.WatchEventsRequest, pb.WatchEventsResponse]"


@dataclass
class Watch:
    """A watcher; `cursor` is the last that it has read."""

    call: Call
    cursor: str = ""

    async def response(self) -> pb.WatchEventsResponse:
        """The next one; raises what the watch ends with."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            found = await self.call.read()
        if not isinstance(found, pb.WatchEventsResponse):
            raise AssertionError(f"the watch ended with {await self.call.code()}")
        self.cursor = found.cursor
        return found

    async def event(self) -> pb.WatchEventsResponse:
        """The next one with an event in it."""
        while (found := await self.response()).is_heartbeat:
            pass
        return found

    async def heartbeat(self) -> pb.WatchEventsResponse:
        """The next heartbeat, all before it left aside."""
        while not (found := await self.response()).is_heartbeat:
            pass
        return found

    async def kinds(self, number: int) -> list[str]:
        """The types of the next events."""
        return [kind((await self.event()).event) for _ in range(number)]


@asynccontextmanager
async def watching(
    service: RunningService, *, conversation_id: str = "", cursor: str = ""
) -> AsyncIterator[Watch]:
    """A watch of the tests' pool that has begun; its heartbeat says from where on."""
    request = filled(pb.WatchEventsRequest(conversation_id=conversation_id, cursor=cursor))
    call = service.stub.WatchEvents(request)
    try:
        yield Watch(call)
    finally:
        call.cancel()


async def has_happened(service: RunningService, expected: str) -> None:
    """Waits until an event of this type is among all that are kept."""
    async with watching(service, cursor="0") as watch:
        while kind((await watch.event()).event) != expected:
            pass


@asynccontextmanager
async def crowd(service: RunningService, number: int) -> AsyncIterator[list[Watch]]:
    """So many watchers, all of whom have begun."""
    request = filled(pb.WatchEventsRequest())
    watchers = [Watch(service.stub.WatchEvents(request)) for _ in range(number)]
    try:
        for watcher in watchers:
            await watcher.heartbeat()
        yield watchers
    finally:
        for watcher in watchers:
            watcher.call.cancel()


async def has_room(service: RunningService) -> bool:
    """Whether somebody else may watch."""
    try:
        async with watching(service) as watch:
            return (await watch.response()).is_heartbeat
    except grpc.aio.AioRpcError:
        return False


async def everything(service: RunningService, number: int) -> list[tuple[str, str]]:
    """The ids and types of the oldest events that are kept."""
    async with watching(service, cursor="0") as watch:
        events = [(await watch.event()).event for _ in range(number)]
    return [(event.event_id, kind(event)) for event in events]


@asynccontextmanager
async def impatient(redis_url: str, clock: ManualClock) -> AsyncIterator[RunningService]:
    """A replica that hardly waits for watchers who do not read; it sends and sweeps nothing."""
    server = GrpcServer(
        "127.0.0.1:0",
        [ErrorInterceptor(DOMAIN, status_of, too_slow, write_seconds=IMPATIENCE_SECONDS)],
    )
    target = f"127.0.0.1:{server.port}"
    async with (
        connected(redis_url, clock) as service,
        open_redis(redis_url) as redis,
        grpc.aio.insecure_channel(target, options=NARROW) as channel,
    ):
        service.add_servicers(server.server)
        await service.wiring.seeder.seed_all()
        await server.start(SERVICE_NAMES)
        try:
            yield RunningService(channel, ScriptedMessaging(), clock, redis)
        finally:
            await server.stop()


async def much_has_happened(service: RunningService) -> int:
    """More events than are under way to who does not read; answers how many they are."""
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    for _ in range(BATCHES):
        await service.receive(*(service.text(ALICE_NUMBER, str(at)) for at in range(BATCH)))
    created_and_opened = 2
    return created_and_opened + BATCHES * BATCH
