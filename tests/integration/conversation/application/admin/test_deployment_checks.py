"""CheckDeployment: each check, passed and not."""

from collections.abc import AsyncIterator

import pytest
from integration.messaging.redis_relay import redis_relay
from redis.asyncio import Redis

from conversation_service.store.deployment.pool_index import PoolIndex
from maskline.conversation.v1 import deployment_pb2 as pb
from maskline.conversation.v1 import pool_pb2
from maskline.messaging.v1 import messaging_pb2
from support.clock import ManualClock
from support.conversation_calls import ask
from support.conversation_service import RunningService, running
from support.conversations import MASKED, OTHER_MASKED, POOL, VAULT

GATEWAY = "https://maskline.example.com/api/message"
PASSED, WARNED, FAILED = (
    pb.CHECK_OUTCOME_PASSED,
    pb.CHECK_OUTCOME_WARNED,
    pb.CHECK_OUTCOME_FAILED,
)


@pytest.fixture
async def durable(redis: Redis) -> AsyncIterator[Redis]:
    """Redis with persistence on; restores its configuration."""
    await redis.config_set("appendonly", "yes")
    yield redis
    await redis.config_set("appendonly", "no")
    await redis.config_set("maxmemory-policy", "noeviction")


async def checks(service: RunningService) -> dict[str, pb.DeploymentCheck]:
    response = await ask(service.deployment.CheckDeployment, pb.CheckDeploymentRequest())
    return {check.name: check for check in response.checks}


def callback(kind: str, url: str) -> messaging_pb2.CallbackSetting:
    return messaging_pb2.CallbackSetting(callback_type=kind, url=url, expected_url=GATEWAY)


async def test_all_checks_pass_in_a_correct_deployment(
    durable: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock) as service:
        kinds = ("sms_callback", "mms_callback")
        service.messaging.check.callbacks.extend(callback(kind, GATEWAY) for kind in kinds)
        result = await checks(service)
        assert list(result) == [
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
        assert {check.outcome for check in result.values()} == {PASSED}
        assert result["pools"].finding == "1, each with an active number"


async def test_the_development_key_is_a_warning(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock, uses_development_key=True) as service:
        result = (await checks(service))["state key"]
        assert result.outcome == WARNED
        assert "CONVERSATION_STATE_KEY" in result.finding


async def test_missing_persistence_is_a_warning_and_eviction_a_failure(
    durable: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock) as service:
        await durable.config_set("appendonly", "no")
        await durable.config_set("maxmemory-policy", "allkeys-lru")
        result = await checks(service)
        assert result["redis durability"].outcome == WARNED
        assert result["redis eviction"].outcome == FAILED
        assert "noeviction" in result["redis eviction"].finding


@pytest.mark.parametrize(
    ("info", "outcome"),
    [
        ({"redis_version": "6.2.14"}, FAILED),
        ({"redis_version": "7.0.0"}, PASSED),
        ({"redis_version": "7.2.4", "valkey_version": "9.0.1"}, PASSED),
        ({}, FAILED),
    ],
)
async def test_a_redis_older_than_the_minimum_is_a_failure(
    service: RunningService,
    monkeypatch: pytest.MonkeyPatch,
    info: dict[str, str],
    outcome: pb.CheckOutcome.ValueType,
) -> None:
    async def info_(_: Redis) -> dict[str, str]:
        return info

    monkeypatch.setattr(Redis, "info", info_)
    assert (await checks(service))["redis version"].outcome == outcome


async def test_an_unreachable_redis_is_a_failure_and_other_checks_still_run(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with redis_relay(redis_url) as relay, running(relay.url, clock) as service:
        await service.healthy()
        await relay.cut()
        result = await checks(service)
        assert result["redis"].outcome == FAILED
        assert result["messaging service"].outcome == PASSED
        assert "pools" not in result


async def test_a_pool_without_an_active_number_is_a_warning(service: RunningService) -> None:
    for number in (MASKED, OTHER_MASKED):
        request = pool_pb2.DrainNumberRequest(masked_number=number)
        await ask(service.pools.DrainNumber, request)
    result = (await checks(service))["pools"]
    assert (result.outcome, result.finding) == (WARNED, f"no active number in: {POOL.name}")


async def test_a_deployment_without_pools_is_a_failure(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    # Another pool owns the number of the only pool in the file.
    await PoolIndex(redis, VAULT).claim("another", [MASKED])
    async with running(redis_url, clock) as service:
        assert (await checks(service))["pools"].outcome == FAILED


async def test_an_unreachable_messaging_service_is_a_failure(service: RunningService) -> None:
    service.messaging.is_down = True
    result = await checks(service)
    assert result["messaging service"].outcome == FAILED
    assert "carrier credentials" not in result


async def test_refused_carrier_credentials_are_a_failure(service: RunningService) -> None:
    service.messaging.check = messaging_pb2.CheckAccountResponse(is_authorized=False)
    result = (await checks(service))["carrier credentials"]
    assert result.outcome == FAILED
    assert "MESSAGING_FLOWROUTE_ACCESS_KEY" in result.finding


@pytest.mark.parametrize(
    ("url", "finding"), [("", "not set"), ("https://elsewhere.example.com/", "set to https://else")]
)
async def test_a_callback_with_another_url_is_a_warning(
    service: RunningService, url: str, finding: str
) -> None:
    service.messaging.check.callbacks.append(callback("sms_callback", url))
    check = (await checks(service))["carrier sms_callback"]
    assert check.outcome == WARNED
    assert check.finding.startswith(finding)
    assert GATEWAY in check.finding


async def test_a_callback_with_a_token_passes_and_no_finding_contains_a_token(
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
    result = await checks(service)
    assert result["carrier sms_callback"].outcome == PASSED
    assert result["carrier mms_callback"].outcome == WARNED
    assert "elsewhere.example.com" in result["carrier mms_callback"].finding
    assert not any("a-callback-token" in check.finding for check in result.values())
