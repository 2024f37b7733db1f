"""Each method returns every error that it documents, and no other."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import partial
from random import Random

import grpc
import pytest
from contract.conversation.errors.error_catalog import administration, conversations
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from redis.asyncio import Redis

from conversation_service.rpc.core.status import CODES, DOMAIN, RETRY_AFTER
from support.builders import documented_errors, random_requests
from support.clock import ManualClock
from support.net.grpc_calls import detail, reason
from support.observation.watching import short_write_timeout
from support.redis.redis_relay import redis_relay
from support.services.conversation_service import RunningService, running
from support.services.refusing_carrier import RefusingCarrier

Replica = Callable[[str, ManualClock], AbstractAsyncContextManager[RunningService]]

CATALOG = conversations.TABLE | administration.TABLE
# Errors that only a specially configured replica returns.
REPLICAS: dict[str, Replica] = {
    "WATCHER_TOO_SLOW": short_write_timeout,
    "CARRIER_ACCOUNT_REFUSED": partial(running, messaging=RefusingCarrier()),
}
STEPS = 250
# The first reports the failure as a finding; the others call only the messaging service.
WITHOUT_REDIS = {"CheckDeployment", "ReceiveDeliveryReceipts", "GetMedia"}
CODE_OF = {kind.reason: code for kind, code in CODES.items()}


def test_the_catalog_has_exactly_the_documented_errors() -> None:
    assert {method: set(table) for method, table in CATALOG.items()} == documented_errors.errors()
    assert set(CATALOG) == set(documented_errors.METHODS) - documented_errors.WITHOUT_LIST


@pytest.mark.parametrize("method", CATALOG)
async def test_a_method_returns_each_error_that_it_documents(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    for expected, provoke in CATALOG[method].items():
        await redis.flushall()
        replica = REPLICAS.get(expected, running)
        # Redis numbers events by its own clock, so trimming needs today's date.
        async with replica(redis_url, ManualClock(datetime.now(UTC))) as service:
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await provoke(service, monkeypatch)
            monkeypatch.undo()
        assert reason(refusal.value, DOMAIN) == expected
        assert refusal.value.code() is CODE_OF[expected], expected


async def test_every_method_that_needs_redis_returns_unavailable_without_it(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with redis_relay(redis_url) as relay, running(relay.url, clock) as service:
        await service.healthy()
        await relay.cut()
        methods = sorted(set(documented_errors.METHODS) - WITHOUT_REDIS)
        calls = (_call(service, method, random_requests.well_formed(method)) for method in methods)
        for method, refusal in zip(methods, await asyncio.gather(*calls), strict=True):
            assert isinstance(refusal, grpc.aio.AioRpcError), method
            assert reason(refusal, DOMAIN) == "BACKEND_UNAVAILABLE", method
            assert refusal.code() is grpc.StatusCode.UNAVAILABLE, method
            retry_info = detail(refusal, error_details_pb2.RetryInfo())
            assert retry_info.retry_delay.ToTimedelta() == RETRY_AFTER, method


@pytest.mark.parametrize("seed", range(4))
async def test_random_requests_in_random_order_get_only_documented_errors(
    redis: Redis, redis_url: str, clock: ManualClock, seed: int
) -> None:
    random, values = Random(seed), random_requests.palette()
    errors, successes = documented_errors.errors(), 0
    async with running(redis_url, clock) as service:
        for _ in range(STEPS):
            method = random.choice(sorted(documented_errors.METHODS))
            request = random_requests.draw(method, values, random)
            result = await _call(service, method, request)
            if isinstance(result, Message):
                random_requests.learn(values, result)
                successes += 1
            else:
                assert reason(result, DOMAIN) in errors.get(method, {"INVALID_ARGUMENT"}), method
                assert all(number[1:] not in str(result) for number in random_requests.PEOPLE)
            clock.move(seconds=random.choice((0, 1, 60, 200)))
    # The requests are neither all valid nor all invalid.
    assert STEPS / 5 < successes < STEPS


async def _call(
    service: RunningService, method: str, request: Message
) -> Message | grpc.aio.AioRpcError:
    try:
        return await random_requests.call(service, method, request)
    except grpc.aio.AioRpcError as refusal:
        return refusal
