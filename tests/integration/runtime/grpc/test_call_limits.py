"""Health watches, event streams and one busy caller keep nobody else out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from functools import partial

import grpc
from grpc_health.v1 import health_pb2
from integration.runtime.echo import ask, echoing
from redis.asyncio import Redis

from conversation_service.application.event_subscription import MAX_SUBSCRIPTIONS, SubscriptionLimit
from conversation_service.domain.errors import WatchLimitReached
from maskline.ingest.v1 import ingest_pb2
from runtime.grpc.call_limits import MAX_CALLS, MAX_OPEN_STREAMS_PER_CONNECTION
from runtime.grpc.server import MAX_STREAMS_PER_CONNECTION
from support.builders.conversations import ALICE_NUMBER
from support.clock import ManualClock
from support.eventually import eventually
from support.net.grpc_calls import is_serving
from support.observation.watching import watch_request
from support.services.conversation_service import running

# More streams than the server has places for calls.
PER_CHANNEL, CONNECTIONS = 100, 11
FLOOD = PER_CHANNEL * CONNECTIONS
assert FLOOD > MAX_CALLS
WATCH, EVENTS = (
    "/grpc.health.v1.Health/Watch",
    "/maskline.conversation.v1.EventService/WatchEvents",
)


@asynccontextmanager
async def flood(target: str, method: str, request: bytes, streams: int) -> AsyncIterator[list[str]]:
    """Many streams over many connections; yields what ended at once."""
    ended: list[str] = []
    async with AsyncExitStack() as stack:
        calls = []
        for index in range(streams):
            if index % PER_CHANNEL == 0:
                options = [("grpc.use_local_subchannel_pool", 1)]
                channel = grpc.aio.insecure_channel(target, options=options)
                await stack.enter_async_context(channel)
            calls.append(channel.unary_stream(method, bytes, bytes)(request))
        firsts = await asyncio.gather(*(call.read() for call in calls), return_exceptions=True)
        ended += [str(f.code()) for f in firsts if isinstance(f, grpc.aio.AioRpcError)]
        yield ended
        for call in calls:
            call.cancel()


async def test_texts_are_taken_while_strangers_hold_watches_and_event_streams(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    events = watch_request().SerializeToString()
    async with (
        running(redis_url, clock) as service,
        flood(service.target, WATCH, b"", FLOOD) as watches,
        flood(service.target, EVENTS, events, FLOOD // 4) as streams,
    ):
        assert len(watches) == FLOOD - MAX_OPEN_STREAMS_PER_CONNECTION * CONNECTIONS
        assert len(streams) == FLOOD // 4 - MAX_SUBSCRIPTIONS
        result = await service.deliver(ALICE_NUMBER, "start")
        assert result.outcome == ingest_pb2.INGEST_OUTCOME_ACCEPTED
        # The first health check may still be running.
        await eventually(partial(is_serving, service.channel, ""))


async def test_a_connection_has_a_limited_number_of_streams() -> None:
    async with (
        echoing() as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        call = channel.unary_stream(WATCH, bytes, bytes)
        watches = [call(b"") for _ in range(MAX_STREAMS_PER_CONNECTION)]
        firsts = await asyncio.gather(*(w.read() for w in watches), return_exceptions=True)
        served = [first for first in firsts if isinstance(first, bytes)]
        assert len(served) == MAX_OPEN_STREAMS_PER_CONNECTION
        for watch in watches:
            watch.cancel()
        check = channel.unary_unary("/grpc.health.v1.Health/Check", bytes, bytes)
        assert health_pb2.HealthCheckResponse.FromString(await check(b"")).status
        assert await ask(channel)


def test_one_caller_cannot_take_all_event_streams() -> None:
    limit, taken = SubscriptionLimit(limit=3, per_caller=2), []
    with ExitStack() as open_streams:
        for caller in ("a", "a", "a", "b", "b"):
            with suppress(WatchLimitReached):
                open_streams.enter_context(limit.slot(caller))
                taken.append(caller)
    assert taken == ["a", "a", "b"]
    with limit.slot("b"):
        taken.append("b")
    assert taken[-1] == "b"
