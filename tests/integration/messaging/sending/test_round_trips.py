"""How often one message goes to Redis. Each round trip writes, so it is one fsync as well."""

from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

import pytest
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from support.clock import ManualClock
from support.fakes.scripted_carrier import ScriptedCarrier, response
from support.services.messaging_service import (
    BOB,
    CAROL,
    Messaging,
    reason_of,
    serving,
    settings_for,
    text,
)

Result = TypeVar("Result")
pytestmark = pytest.mark.usefixtures("_no_health_checks")


@pytest.fixture
def _no_health_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """They go to Redis as well: the first one, and then none."""
    monkeypatch.setattr("runtime.grpc.server.HEALTH_INTERVAL_SECONDS", 3600.0)


@pytest.fixture
async def paced(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> AsyncIterator[Messaging]:
    """A service that has connected to Redis and has sent all that it may for now."""
    settings = settings_for(redis_url, carrier.url, per_second=0.01)
    async with serving(settings, clock, carrier.open) as messaging:
        await messaging.health("SERVING")
        await messaging.send_one(text("m0", to=CAROL))
        yield messaging


async def test_a_message_is_claimed_and_admitted_at_once_and_settled_at_once(
    messaging: Messaging, carrier: ScriptedCarrier, redis: Redis
) -> None:
    await messaging.health("SERVING")
    await messaging.send_one(text("m0"))
    result, count = await _counted(redis, messaging.send_one(text("m1")))
    assert (result.outcome, count) == (pb.SEND_OUTCOME_SENT, 2)
    carrier.always(response(422))
    result, count = await _counted(redis, messaging.send_one(text("m2")))
    assert (result.outcome, count) == (pb.SEND_OUTCOME_REJECTED, 2)


async def test_a_message_that_has_to_wait_gives_up_its_claim(
    paced: Messaging, carrier: ScriptedCarrier, redis: Redis
) -> None:
    result, count = await _counted(redis, paced.send_one(text("m1", to=BOB)))
    assert (reason_of(result), count) == ("SEND_PACED", 2)
    assert not await redis.hexists("maskline:v1:messaging:{m1}:message", "attempt_id")
    assert len(carrier.requests) == 1


async def test_messages_of_a_call_are_claimed_and_admitted_together(
    paced: Messaging, redis: Redis
) -> None:
    texts = [text(f"m{at}", to=f"+142555501{at}") for at in range(30, 50)]
    results, count = await _counted(redis, paced.send(*texts))
    assert {reason_of(result) for result in results} == {"SEND_PACED"}
    assert count == 2


async def _counted(redis: Redis, sending: Awaitable[Result]) -> tuple[Result, int]:
    """What a call returns, and how many requests Redis read meanwhile."""
    before = (await redis.info("stats"))["total_reads_processed"]
    result = await sending
    # This look is one of them.
    return result, (await redis.info("stats"))["total_reads_processed"] - before - 1
