"""Two replicas on one Redis, one with a wrong clock: nothing ends early, all texts leave."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from conversation_service.app.application import SERVICE_NAMES
from maskline.conversation.v1 import conversation_pb2 as pb
from runtime.redis.client import open_redis
from runtime.redis.clock import redis_clock
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER, CAROL_NUMBER
from support.clock import ManualClock, WrongClock
from support.fakes.scripted_messaging import ScriptedMessaging
from support.net.grpc_calls import is_serving
from support.services.conversation_service import RunningService, running

TEXTS = 60
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _measures_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.redis.clock.MEASURE_SECONDS", 0.02)


@asynccontextmanager
async def replica(
    redis_url: str, messaging: ScriptedMessaging, machine: WrongClock
) -> AsyncIterator[RunningService]:
    """A replica on such a machine, which measures Redis's time as a process does."""
    async with (
        open_redis(redis_url) as redis,
        redis_clock(redis, CollectorRegistry(), machine) as clock,
        running(redis_url, ManualClock(), messaging=messaging, shared_clock=clock) as service,
    ):
        yield service


async def relay(*services: RunningService) -> list[str]:
    """Alice's texts to Bob, which come to the replicas in turn."""
    bodies = [f"text {number}" for number in range(TEXTS)]
    for number, body in enumerate(bodies):
        await services[number % len(services)].deliver(ALICE_NUMBER, body)
    await services[0].quiet()
    return bodies


async def test_a_replica_two_hours_ahead_ends_nothing_and_stops_nothing(
    redis: Redis, redis_url: str
) -> None:
    messaging = ScriptedMessaging()
    async with replica(redis_url, messaging, WrongClock()) as right:
        await right.healthy()
        waiting = (await right.start(CAROL_NUMBER)).conversation
        active = await right.open(ALICE_NUMBER, BOB_NUMBER)
        async with replica(redis_url, messaging, WrongClock(timedelta(hours=2))) as fast:
            bodies = await relay(fast, right)
            # A code that it hands out lasts as long as any.
            other = await fast.start("+14255550144")
            assert other.conversation.create_time.ToDatetime(UTC) - datetime.now(UTC) < MINUTE
            assert not await is_serving(fast.channel, SERVICE_NAMES[0])
            assert await is_serving(right.channel, SERVICE_NAMES[0])
            states = [(await fast.get(item.conversation_id)).state for item in (waiting, active)]
            assert states == [pb.CONVERSATION_STATE_WAITING, pb.CONVERSATION_STATE_ACTIVE]
    assert right.sent_to(BOB_NUMBER) == bodies


@pytest.mark.parametrize("step", [timedelta(seconds=-15), timedelta(hours=-2), timedelta(hours=2)])
async def test_all_texts_leave_in_order_while_the_clock_of_the_sender_steps(
    redis: Redis, redis_url: str, step: timedelta
) -> None:
    messaging, machine = ScriptedMessaging(), WrongClock()
    async with replica(redis_url, messaging, machine) as first:
        await first.open(ALICE_NUMBER, BOB_NUMBER)
        await first.deliver(ALICE_NUMBER, "before")
        await first.quiet()
        async with replica(redis_url, messaging, WrongClock()) as second:
            machine.wrong_by = step
            bodies = await relay(first, second)
    assert first.sent_to(BOB_NUMBER) == ["before", *bodies]
