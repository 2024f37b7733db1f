"""CheckDeployment: each check, passed and not."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from redis.asyncio import Redis

from conversation_service.domain.model.pool import LifecycleSettings
from conversation_service.store.deployment.pool_index import PoolIndex
from conversation_service.store.deployment.state_directory import StateDirectory
from conversation_service.store.storage import Storage
from maskline.admin.v1 import maintenance_pb2 as pb
from maskline.admin.v1 import pool_pb2
from maskline.messaging.v1 import carrier_pb2
from support.builders.conversation_calls import ask
from support.builders.conversations import CIPHER, MASKED, OTHER_MASKED, POOL, seeded
from support.clock import ManualClock
from support.fakes.scripted_messaging import Context, ScriptedMessaging
from support.redis.redis_relay import redis_relay
from support.services.conversation_service import RunningService, running

PASSED, WARNED, FAILED = (pb.CHECK_OUTCOME_PASSED, pb.CHECK_OUTCOME_WARNED, pb.CHECK_OUTCOME_FAILED)


@pytest.fixture
async def durable(redis: Redis) -> AsyncIterator[Redis]:
    """Redis with persistence on; restores its configuration."""
    await redis.config_set("appendonly", "yes")
    yield redis
    await redis.config_set("appendonly", "no")
    await redis.config_set("maxmemory-policy", "noeviction")


async def checks(service: RunningService) -> dict[str, pb.DeploymentCheck]:
    response = await ask(service.deployment.CheckDeployment, pb.CheckDeploymentRequest())
    return {check.check_id: check for check in response.checks}


async def expect(
    service: RunningService, name: str, outcome: pb.CheckOutcome.ValueType, finding: str
) -> None:
    """Expects this outcome of a check, and this part of its finding."""
    check = (await checks(service))[name]
    assert check.outcome == outcome, check
    assert finding in check.finding


def carrier_check(
    outcome: carrier_pb2.CheckOutcome.ValueType, check_id: str = "carrier_callbacks"
) -> carrier_pb2.CarrierCheck:
    return carrier_pb2.CarrierCheck(check_id=check_id, outcome=outcome, finding="as it is")


async def test_all_checks_pass_in_a_correct_deployment(
    durable: Redis, redis_url: str, clock: ManualClock, tmp_path: Path
) -> None:
    directory = StateDirectory(tmp_path)
    async with running(redis_url, clock, state_directory=directory) as service:
        passed = carrier_pb2.CHECK_OUTCOME_PASSED
        ids = ("carrier_credentials", "carrier_callbacks")
        service.messaging.checks = [carrier_check(passed, check_id) for check_id in ids]
        result = await checks(service)
        assert list(result) == [
            "state_key",
            "redis",
            "redis_version",
            "redis_durability",
            "redis_eviction",
            "redis_restore",
            "pools",
            "consent",
            "messaging_service",
            "carrier_credentials",
            "carrier_callbacks",
        ]
        assert {check.outcome for check in result.values()} == {PASSED}
        assert result["pools"].finding == "1, each with an active number"


async def test_the_development_key_is_a_warning(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock, uses_development_key=True) as service:
        await expect(service, "state_key", WARNED, "CONVERSATION_STATE_KEY")


async def test_a_full_redis_is_named_with_its_memory(service: RunningService) -> None:
    await expect(service, "redis", PASSED, "no maxmemory")
    used = int((await service.redis.info("memory"))["used_memory"])
    try:
        await service.redis.config_set("maxmemory", int(used * 1.1))
        await expect(service, "redis", WARNED, "almost full: memory ")
        await service.redis.config_set("maxmemory", "1mb")
        await expect(service, "redis", FAILED, "refuses writes (OutOfMemoryError)")
        await expect(service, "redis", FAILED, " MB of 1.0 MB maxmemory")
    finally:
        await service.redis.config_set("maxmemory", 0)


async def test_a_messaging_service_that_refuses_the_token_is_named(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    class Refusing(ScriptedMessaging):
        async def CheckCarrierAccount(
            self, request: carrier_pb2.CheckCarrierAccountRequest, context: Context
        ) -> carrier_pb2.CheckCarrierAccountResponse:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "unknown")

    async with running(redis_url, clock, messaging=Refusing()) as service:
        await expect(service, "messaging_service", FAILED, "CONVERSATION_MESSAGING_TOKEN")


async def test_missing_persistence_is_a_warning_and_eviction_a_failure(
    durable: Redis, service: RunningService
) -> None:
    await durable.config_set("appendonly", "no")
    await durable.config_set("maxmemory-policy", "allkeys-lru")
    await expect(service, "redis_durability", WARNED, "appendonly")
    await expect(service, "redis_eviction", FAILED, "noeviction")


async def test_a_redis_older_than_the_minimum_is_a_failure(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    for versions, outcome in (
        ({"redis_version": "6.2.14"}, FAILED),
        ({"redis_version": "7.0.0"}, PASSED),
        ({"redis_version": "7.2.4", "valkey_version": "9.0.1"}, PASSED),
        ({}, FAILED),
    ):

        async def info(_: Redis, versions: dict[str, str] = versions) -> dict[str, str]:
            return versions

        monkeypatch.setattr(Redis, "info", info)
        await expect(service, "redis_version", outcome, "")


async def test_an_unreachable_redis_is_a_failure_and_other_checks_still_run(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with redis_relay(redis_url) as relay, running(relay.url, clock) as service:
        await service.healthy()
        await relay.cut()
        await expect(service, "redis", FAILED, "CONVERSATION_REDIS_URL")
        await expect(service, "messaging_service", PASSED, "")
        assert "pools" not in await checks(service)


async def test_a_pool_without_an_active_number_is_a_warning(service: RunningService) -> None:
    for number in (MASKED, OTHER_MASKED):
        request = pool_pb2.DrainMaskedNumberRequest(masked_number=number)
        await ask(service.pools.DrainMaskedNumber, request)
    await expect(service, "pools", WARNED, f"no active number in: {POOL.name}")


async def test_what_carriers_and_the_law_may_object_to_is_a_warning(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    long_idle = LifecycleSettings(idle_timeout=timedelta(days=46))
    numbers = [f"+1206555{line:04}" for line in range(100, 150)]
    demo = seeded(*numbers, settings={"operator_name": "Maskline demo", "lifecycle": long_idle})
    async with running(redis_url, clock, demo) as service:
        for finding in ("operator_name is still", "idle_timeout is over 45 days", "50 numbers"):
            await expect(service, "consent", WARNED, finding)


async def test_a_deployment_without_pools_is_a_failure(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    # Another pool owns the number of the only pool in the file.
    await PoolIndex(Storage(redis, CIPHER)).claim_numbers("another", [MASKED])
    async with running(redis_url, clock) as service:
        await expect(service, "pools", FAILED, "no pool")


async def test_what_the_messaging_service_reports_is_passed_on(service: RunningService) -> None:
    service.messaging.is_down = True
    service.messaging.checks = [carrier_check(carrier_pb2.CHECK_OUTCOME_FAILED)]
    await expect(service, "messaging_service", FAILED, "unreachable")
    assert "carrier_callbacks" not in await checks(service)
    service.messaging.is_down = False
    for outcome, expected in (
        (carrier_pb2.CHECK_OUTCOME_FAILED, FAILED),
        (carrier_pb2.CHECK_OUTCOME_WARNED, WARNED),
        # An outcome that was added to the contract later.
        (carrier_pb2.CheckOutcome.ValueType(99), WARNED),
    ):
        service.messaging.checks = [carrier_check(outcome)]
        await expect(service, "carrier_callbacks", expected, "as it is")
