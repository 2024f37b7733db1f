"""Every method of both gRPC services answers any bytes as its contract documents."""

from collections.abc import AsyncIterator

import pytest
from fuzz.rpcs.calling import (
    Sent,
    answers_as_documented,
    call_all,
    calls_that_say_nothing,
    refusals_of_broken,
    to_send,
)
from fuzz.rpcs.services import FUZZED, Fuzzed, Running
from fuzz.seeds import SEEDS
from redis.asyncio import Redis
from structlog.testing import capture_logs

from support.clock import ManualClock

# Requests that a service once failed on, by method.
KEPT = {path.stem: path.read_bytes() for path in sorted((SEEDS / "rpcs").iterdir())}


@pytest.fixture(scope="module", params=FUZZED)
def fuzzed(request: pytest.FixtureRequest) -> Fuzzed:
    return FUZZED[request.param]


@pytest.fixture(scope="module")
def sent(fuzzed: Fuzzed) -> Sent:
    return to_send(fuzzed.methods, fuzzed.palette, fuzzed.examples)


@pytest.fixture
async def service(
    fuzzed: Fuzzed, sent: Sent, redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[Running]:
    async with fuzzed.start(redis_url, clock) as running:
        yield running


async def test_any_message_is_answered_as_documented(
    fuzzed: Fuzzed, sent: Sent, service: Running
) -> None:
    with capture_logs() as lines:
        requests = await service.with_real_ids(sent)
        await answers_as_documented(service.channel, requests, fuzzed.documented)
        await service.check()
    assert not [line for line in lines if line["event"] in ("rpc_failed", "loop_failed")]


async def test_what_once_failed_is_answered_as_documented(fuzzed: Fuzzed, service: Running) -> None:
    methods = {method.name: method for method in fuzzed.methods}
    for name, data in KEPT.items():
        if method := methods.get(name.partition(".")[0]):
            [refusal] = await call_all(service.channel, method, [data])
            assert refusal is None or fuzzed.documented.allows(method.name, refusal), name


def test_every_kept_request_is_for_a_method() -> None:
    methods = {method.name for service in FUZZED.values() for method in service.methods}
    assert {name.partition(".")[0] for name in KEPT} <= methods


async def test_bytes_that_are_no_message_are_refused_as_documented(
    fuzzed: Fuzzed, sent: Sent, service: Running
) -> None:
    for method, refusal in await refusals_of_broken(service.channel, sent):
        assert refusal
        assert fuzzed.documented.allows(method.name, refusal), f"{method.name}: {refusal!r}"
    await service.check()


async def test_calls_without_a_request_do_not_stop_other_calls(
    sent: Sent, service: Running
) -> None:
    async with calls_that_say_nothing(service.channel, sent):
        await service.check()
