"""Without Redis nothing is sent, and no answer of the carrier is lost."""

import asyncio
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from runtime.redis.clock import redis_clock
from support.clock import ManualClock, WrongClock
from support.fakes.scripted_carrier import CarrierRequest, ScriptedCarrier, accepted
from support.net.ports import free_port
from support.redis.redis_relay import redis_relay
from support.services.messaging_service import (
    BOB,
    Messaging,
    refusal_of,
    serving,
    settings_for,
    text,
)


@pytest.mark.parametrize("knows_the_time", [True, False])
async def test_nothing_is_sent_while_redis_does_not_answer(
    carrier: ScriptedCarrier, clock: ManualClock, knows_the_time: bool
) -> None:
    settings = settings_for(f"redis://127.0.0.1:{free_port()}/0", carrier.url)
    async with serving(settings, clock if knows_the_time else None) as messaging:
        for refused in (
            messaging.send(text("m1"), text("m2", to=BOB)),
            messaging.get("m1"),
            messaging.record(pb.DeliveryReceipt(carrier_message_id="mdr2-1", carrier_code="1004")),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await refused
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
            refusal = refusal_of(caught.value)
            assert refusal.info.reason == "BACKEND_UNAVAILABLE"
            assert refusal.retry_seconds
            assert "127.0.0.1" not in refusal.status.message
    assert carrier.requests == []


async def test_the_carriers_answer_survives_a_short_outage_of_redis_that_health_reports(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    arrived, go = asyncio.Event(), asyncio.Event()

    async def slow(_: CarrierRequest) -> bytes:
        arrived.set()
        await go.wait()
        return accepted("mdr2-1")

    carrier.script = slow
    async with (
        redis_relay(redis_url) as relay,
        serving(settings_for(relay.url, carrier.url), clock) as messaging,
    ):
        await messaging.health("SERVING")
        sending = asyncio.create_task(messaging.send_one(text("m1")))
        await arrived.wait()
        await relay.cut()
        go.set()
        await messaging.health("NOT_SERVING")
        await relay.mend()
        await messaging.health("SERVING")
        assert (await sending).outcome == pb.SEND_OUTCOME_SENT
        assert (await messaging.get("m1")).carrier_message_id == "mdr2-1"
    assert len(carrier.requests) == 1


async def test_a_claim_whose_reply_was_lost_does_not_block_the_next_try(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    async with (
        redis_relay(redis_url) as relay,
        serving(settings_for(relay.url, carrier.url), clock) as messaging,
    ):
        # Redis knows the script by now.
        await messaging.send_one(text("m0"))
        relay.answers_are_lost = True
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await messaging.send_one(text("m1"))
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert await redis.hget("maskline:v1:messaging:{m1}:message", "state") == b"accepted"
        assert len(carrier.requests) == 1

        relay.answers_are_lost = False
        assert (await messaging.send_one(text("m1"))).outcome == pb.SEND_OUTCOME_SENT
    assert len(carrier.requests) == 2


async def test_the_carriers_answer_counts_even_if_the_ledger_lost_its_data(
    messaging: Messaging, redis: Redis, carrier: ScriptedCarrier
) -> None:
    async def forgets(request: CarrierRequest) -> bytes:
        await redis.flushall()
        return await carrier.takes(request)

    carrier.script = forgets
    result = await messaging.send_one(text("m1"))
    assert (result.outcome, result.state) == (pb.SEND_OUTCOME_SENT, pb.MESSAGE_STATE_SENT)


async def test_health_needs_a_redis_that_accepts_writes(messaging: Messaging, redis: Redis) -> None:
    await messaging.health("SERVING")
    try:
        await redis.config_set("maxmemory", "1mb")
        assert await redis.ping()
        await messaging.health("NOT_SERVING")
    finally:
        await redis.config_set("maxmemory", 0)
    await messaging.health("SERVING")


@pytest.mark.parametrize("hours", [2, -2])
async def test_a_replica_whose_clock_is_wrong_is_not_healthy_and_still_sends_by_rediss_time(
    monkeypatch: pytest.MonkeyPatch,
    redis: Redis,
    redis_url: str,
    carrier: ScriptedCarrier,
    hours: float,
) -> None:
    monkeypatch.setattr("runtime.redis.clock.MEASURE_SECONDS", 0.02)
    machine = WrongClock()
    async with (
        redis_clock(redis, CollectorRegistry(), machine) as shared,
        serving(settings_for(redis_url, carrier.url), shared) as messaging,
    ):
        await messaging.health("SERVING")
        machine.wrong_by = timedelta(hours=hours)
        await messaging.health("NOT_SERVING")
        assert (await messaging.send_one(text("m1"))).outcome == pb.SEND_OUTCOME_SENT
        create_time = (await messaging.get("m1")).create_time.ToDatetime(UTC)
        assert abs(create_time - datetime.now(UTC)) < timedelta(minutes=1)
