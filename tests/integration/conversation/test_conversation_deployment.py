"""CheckDeployment: each thing that is looked at, well and not."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from conversation_service.store.deployment.pool_index import PoolIndex
from conversation_service.store.storage import Storage
from maskline.conversation.v1 import deployment_pb2 as pb
from maskline.conversation.v1 import pool_pb2
from maskline.messaging.v1 import messaging_pb2
from support.clock import ManualClock
from support.conversation_calls import ask
from support.conversation_service import RunningService, running
from support.conversations import MASKED, OTHER_MASKED, POOL, VAULT
from support.redis_relay import redis_relay

GATEWAY = "https://maskline.example.com/api/message"
PASSED, WARNED, FAILED = (
    pb.CHECK_OUTCOME_PASSED,
    pb.CHECK_OUTCOME_WARNED,
    pb.CHECK_OUTCOME_FAILED,
)


@pytest.fixture
async def durable(redis: Redis) -> AsyncIterator[Redis]:
    """A Redis as it should be."""
    await redis.config_set("appendonly", "yes")
    yield redis
    await redis.config_set("appendonly", "no")
    await redis.config_set("maxmemory-policy", "noeviction")


async def checks(service: RunningService) -> dict[str, pb.DeploymentCheck]:
    response = await ask(service.deployment.CheckDeployment, pb.CheckDeploymentRequest())
    return {one.name: one for one in response.checks}


def callback(kind: str, url: str) -> messaging_pb2.CallbackSetting:
    return messaging_pb2.CallbackSetting(callback_type=kind, url=url, expected_url=GATEWAY)


async def test_all_passes_where_all_is_well(
    durable: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock) as service:
        kinds = ("sms_callback", "mms_callback")
        service.messaging.check.callbacks.extend(callback(kind, GATEWAY) for kind in kinds)
        found = await checks(service)
        assert list(found) == [
            "state key",
            "redis",
            "redis version",
            "redis durability",
            "redis eviction",
            "pools",
            "messaging service",
            "carrier credentials",
            "carrier sms_callback",
            "carrier mms_callback",
        ]
        assert {one.outcome for one in found.values()} == {PASSED}
        assert found["pools"].finding == "1, each with an active number"


async def test_a_published_key_is_warned_of(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock, uses_development_key=True) as service:
        found = (await checks(service))["state key"]
        assert found.outcome == WARNED
        assert "CONVERSATION_STATE_KEY" in found.finding


async def test_a_redis_that_loses_or_evicts_is_told(
    durable: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock) as service:
        await durable.config_set("appendonly", "no")
        await durable.config_set("maxmemory-policy", "allkeys-lru")
        found = await checks(service)
        assert found["redis durability"].outcome == WARNED
        assert found["redis eviction"].outcome == FAILED
        assert "noeviction" in found["redis eviction"].finding


@pytest.mark.parametrize(
    ("info", "outcome"),
    [
        ({"redis_version": "6.2.14"}, FAILED),
        ({"redis_version": "7.0.0"}, PASSED),
        ({"redis_version": "7.2.4", "valkey_version": "9.0.1"}, PASSED),
        ({}, FAILED),
    ],
)
async def test_a_redis_that_is_too_old_is_told(
    service: RunningService,
    monkeypatch: pytest.MonkeyPatch,
    info: dict[str, str],
    outcome: pb.CheckOutcome.ValueType,
) -> None:
    async def told(_: Redis) -> dict[str, str]:
        return info

    monkeypatch.setattr(Redis, "info", told)
    assert (await checks(service))["redis version"].outcome == outcome


async def test_a_redis_that_does_not_answer_is_told_and_the_rest_is_still_looked_at(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with redis_relay(redis_url) as relay, running(relay.url, clock) as service:
        await service.healthy()
        await relay.cut()
        found = await checks(service)
        assert found["redis"].outcome == FAILED
        assert found["messaging service"].outcome == PASSED
        assert "pools" not in found


async def test_a_pool_without_an_active_number_is_warned_of(service: RunningService) -> None:
    for number in (MASKED, OTHER_MASKED):
        request = pool_pb2.DrainNumberRequest(masked_number=number)
        await ask(service.pools.DrainNumber, request)
    found = (await checks(service))["pools"]
    assert (found.outcome, found.finding) == (WARNED, f"no active number in: {POOL.name}")


async def test_a_deployment_without_a_pool_fails(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    # Somebody else has the number of the only pool in the file.
    await PoolIndex(Storage(redis, VAULT)).claim("another", [MASKED])
    async with running(redis_url, clock) as service:
        assert (await checks(service))["pools"].outcome == FAILED


async def test_a_messaging_service_that_does_not_answer_is_told(service: RunningService) -> None:
    service.messaging.is_down = True
    found = await checks(service)
    assert found["messaging service"].outcome == FAILED
    assert "carrier credentials" not in found


async def test_keys_that_the_carrier_refuses_are_told(service: RunningService) -> None:
    service.messaging.check = messaging_pb2.CheckAccountResponse(is_authorized=False)
    found = (await checks(service))["carrier credentials"]
    assert found.outcome == FAILED
    assert "MESSAGING_FLOWROUTE_ACCESS_KEY" in found.finding


@pytest.mark.parametrize(
    ("url", "told"), [("", "not set"), ("https://elsewhere.example.com/", "set to https://else")]
)
async def test_a_callback_that_leads_elsewhere_is_warned_of(
    service: RunningService, url: str, told: str
) -> None:
    service.messaging.check.callbacks.append(callback("sms_callback", url))
    found = (await checks(service))["carrier sms_callback"]
    assert found.outcome == WARNED
    assert found.finding.startswith(told)
    assert GATEWAY in found.finding


async def test_a_callback_with_a_token_is_right_and_no_token_is_ever_shown(
    service: RunningService,
) -> None:
    for kind, url in (
        ("sms_callback", f"{GATEWAY}/a-callback-token"),
        (
            "mms_callback",
            "https://user:a-callback-token@elsewhere.example.com/a-callback-token?x=1",
        ),
    ):
        service.messaging.check.callbacks.append(callback(kind, url))
    found = await checks(service)
    assert found["carrier sms_callback"].outcome == PASSED
    assert found["carrier mms_callback"].outcome == WARNED
    assert "elsewhere.example.com" in found["carrier mms_callback"].finding
    assert not any("a-callback-token" in one.finding for one in found.values())
