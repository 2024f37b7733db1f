"""The service and the simulator, a process of its own, speak the same Flowroute."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.error_reason_pb2 import ErrorReason
from support.clock import ManualClock
from support.eventually import eventually
from support.messaging_service import BOB, MASKED, receipt_from, serving, settings_for, text
from support.scripted_carrier import ScriptedCarrier, response, scripted_carrier


@pytest.fixture
async def gateway() -> AsyncIterator[ScriptedCarrier]:
    """Keeps the receipts that the gateway would get."""
    async with scripted_carrier() as receiver:
        receiver.always(response(200))
        yield receiver


async def test_a_message_is_accepted_recorded_by_the_simulator_and_updated_by_its_receipts(
    redis: Redis,
    redis_url: str,
    simulator: httpx.AsyncClient,
    gateway: ScriptedCarrier,
    clock: ManualClock,
    phone: str,
) -> None:
    async def both_receipts_came() -> bool:
        return len(gateway.requests) >= 2

    settings = settings_for(redis_url, str(simulator.base_url), public_url=gateway.url)
    async with serving(settings, clock) as messaging:
        result = await messaging.send_one(text("m1", "héllo \N{SNOWMAN}", to=phone))
        assert result.outcome == pb.SEND_OUTCOME_ACCEPTED
        assert result.state == pb.MESSAGE_STATE_SENT
        carrier_id = (await messaging.get("m1")).carrier_message_id
        answer = await simulator.get(f"/v2.2/messages/{carrier_id}")
        attributes = answer.raise_for_status().json()["data"]["attributes"]
        assert (attributes["to"], attributes["body"]) == (phone.lstrip("+"), "héllo \N{SNOWMAN}")

        await eventually(both_receipts_came)
        for request in gateway.requests:
            assert request.path.startswith("/api/receipt/")
            [recorded] = await messaging.record(receipt_from(request))
            assert recorded.message.message_id == "m1"
        message = await messaging.get("m1")
        assert (message.carrier_status_code, message.state) == (1003, pb.MESSAGE_STATE_SENT)


async def test_with_wrong_keys_a_message_is_not_sent_and_with_the_right_ones_it_is(
    redis: Redis, redis_url: str, simulator_url: str, clock: ManualClock, phone: str
) -> None:
    message = text("m1", to=phone)
    async with serving(settings_for(redis_url, simulator_url, secret_key="wrong"), clock) as wrong:
        result = await wrong.send_one(message)
    assert result.outcome == pb.SEND_OUTCOME_NOT_SENT
    assert result.error.reason == ErrorReason.ERROR_REASON_CARRIER_ACCOUNT_REFUSED
    async with serving(settings_for(redis_url, simulator_url), clock) as right:
        assert (await right.send_one(message)).outcome == pb.SEND_OUTCOME_ACCEPTED
        # A number that the account does not own is refused.
        foreign = pb.OutboundMessage(
            message_id="m2", pool="main", from_number=BOB, to_number=phone, body="hello"
        )
        refused = await right.send_one(foreign)
    assert refused.outcome == pb.SEND_OUTCOME_REFUSED
    assert refused.error.reason == ErrorReason.ERROR_REASON_CARRIER_ACCOUNT_REFUSED


async def test_an_inbound_message_whose_callback_was_lost_is_on_record(
    redis: Redis, redis_url: str, simulator: httpx.AsyncClient, phone: str
) -> None:
    clock = ManualClock(datetime.now(UTC))
    await simulator.post("/simulator/faults", json={"kind": "callback_lost"})
    typed = {"to": MASKED, "body": "is anybody there"}
    await simulator.post(f"/simulator/phones/{phone}/texts", json=typed)
    async with serving(settings_for(redis_url, str(simulator.base_url)), clock) as messaging:
        page = await messaging.list_inbound(clock.now() - timedelta(minutes=1))
    [record] = [record for record in page.records if record.from_number == phone]
    assert (record.to_number, record.body) == (MASKED, "is anybody there")
