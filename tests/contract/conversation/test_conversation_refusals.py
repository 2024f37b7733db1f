"""Each refusal that a method documents can come about, and no method answers any other."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import partial
from random import Random

import grpc
import pytest
from contract.conversation import (
    anything,
    documented,
    provoking_conversations,
    provoking_dead_letters,
    provoking_keys,
    provoking_media,
    provoking_people,
    provoking_pools,
    provoking_reads,
)
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from redis.asyncio import Redis

from conversation_service.rpc.core.status import CODES, DOMAIN, RETRY_AFTER
from support.clock import ManualClock
from support.conversation_service import RunningService, running
from support.grpc_calls import detail, reason
from support.redis_relay import redis_relay
from support.refusing_carrier import RefusingCarrier
from support.watching import impatient

Replica = Callable[[str, ManualClock], AbstractAsyncContextManager[RunningService]]

PROVOCATIONS = (
    provoking_conversations.TABLE
    | provoking_reads.TABLE
    | provoking_pools.TABLE
    | provoking_media.TABLE
    | provoking_dead_letters.TABLE
    | provoking_keys.TABLE
    | provoking_people.TABLE
)
# Refusals that take another replica than the usual one.
REPLICAS: dict[str, Replica] = {
    "WATCHER_TOO_SLOW": impatient,
    "CARRIER_ACCOUNT_REFUSED": partial(running, messaging=RefusingCarrier()),
}
STEPS = 250
# One tells of it instead, the others ask the messaging service whose receipts and files these are.
WITHOUT_REDIS = {"CheckDeployment", "ReceiveDeliveryReceipts", "GetMedia"}
CODE_OF = {kind.reason: code for kind, code in CODES.items()}


def test_what_is_provoked_is_what_is_documented() -> None:
    assert {method: set(table) for method, table in PROVOCATIONS.items()} == documented.errors()
    assert set(PROVOCATIONS) == set(documented.METHODS) - documented.WITHOUT_LIST


@pytest.mark.parametrize(
    ("method", "expected"),
    [(method, expected) for method, table in PROVOCATIONS.items() for expected in table],
)
async def test_each_documented_refusal_can_be_provoked(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch, method: str, expected: str
) -> None:
    replica = REPLICAS.get(expected, running)
    # Events are numbered by Redis's own clock, so what is forgotten is told by today's date.
    clock = ManualClock(datetime.now(UTC))
    async with replica(redis_url, clock) as service:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await PROVOCATIONS[method][expected](service, monkeypatch)
        monkeypatch.undo()
    assert reason(refusal.value, DOMAIN) == expected
    assert refusal.value.code() is CODE_OF[expected]


async def test_every_method_that_needs_redis_says_so_when_it_is_gone(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with redis_relay(redis_url) as relay, running(relay.url, clock) as service:
        await service.healthy()
        await relay.cut()
        names = sorted(set(documented.METHODS) - WITHOUT_REDIS)
        calls = (_answer(service, name, anything.well_formed(name)) for name in names)
        for name, refusal in zip(names, await asyncio.gather(*calls), strict=True):
            assert isinstance(refusal, grpc.aio.AioRpcError), name
            assert reason(refusal, DOMAIN) == "BACKEND_UNAVAILABLE", name
            assert refusal.code() is grpc.StatusCode.UNAVAILABLE, name
            wait = detail(refusal, error_details_pb2.RetryInfo()).retry_delay
            assert wait.ToTimedelta() == RETRY_AFTER, name


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_asked_in_whatever_order_no_method_refuses_otherwise(
    redis: Redis, redis_url: str, clock: ManualClock, seed: int
) -> None:
    random, values = Random(seed), anything.palette()
    errors, answered = documented.errors(), 0
    async with running(redis_url, clock) as service:
        for _ in range(STEPS):
            method = random.choice(sorted(documented.METHODS))
            answer = await _answer(service, method, anything.drawn(method, values, random))
            if isinstance(answer, Message):
                anything.learn(values, answer)
                answered += 1
            else:
                assert reason(answer, DOMAIN) in errors.get(method, {"INVALID_ARGUMENT"}), method
                assert all(number[1:] not in str(answer) for number in anything.PEOPLE)
            clock.move(seconds=random.choice((0, 1, 60, 200)))
    # Neither all nor nothing was refused.
    assert STEPS / 5 < answered < STEPS


async def _answer(
    service: RunningService, method: str, request: Message
) -> Message | grpc.aio.AioRpcError:
    try:
        return await anything.call(service, method, request)
    except grpc.aio.AioRpcError as refusal:
        return refusal
