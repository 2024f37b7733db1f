"""The service and the simulator, a process of its own, speak the same Flowroute."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.error_reason_pb2 import ErrorReason
from support.clock import ManualClock
from support.eventually import eventually
from support.messaging_service import (
    ALICE,
    BOB,
    Messaging,
    serving,
    settings_for,
    text,
)
from support.scripted_carrier import (
    CarrierRequest,
    ScriptedCarrier,
    response,
    scripted_carrier,
)
from support.simulator_process import KEYS, simulator


@pytest.fixture
async def gateway() -> AsyncIterator[ScriptedCarrier]:
    """Takes receipts where the gateway would, and keeps them."""
    async with scripted_carrier() as receiver:
        receiver.always(response(200))
        yield receiver


@pytest.fixture
async def simulator_url(gateway: ScriptedCarrier) -> AsyncIterator[str]:
    """A running simulator."""
    async with simulator(gateway.url) as url:
        yield url


async def test_a_text_is_accepted_kept_by_the_simulator_and_closed_by_its_receipts(
    redis: Redis, redis_url: str, simulator_url: str, gateway: ScriptedCarrier, clock: ManualClock
) -> None:
    settings = settings_for(redis_url, simulator_url, public_url=gateway.url)
    async with serving(settings, clock) as messaging:
        result = await messaging.send_one(text("m1", "héllo \N{SNOWMAN}"))
        assert (result.outcome, result.state) == (
            pb.SEND_OUTCOME_ACCEPTED,
            pb.MESSAGE_STATE_SENT,
        )
        carrier_id = (await messaging.get("m1")).carrier_message_id
        kept = await _kept_by(simulator_url, carrier_id)
        assert (kept["to"], kept["body"]) == (ALICE.lstrip("+"), "héllo \N{SNOWMAN}")

        await _received(gateway, 2)
        for request in gateway.requests:
            assert request.path.startswith("/api/receipt/")
            [recorded] = await messaging.record(_read_receipt(request))
            assert recorded.message.message_id == "m1"
        message = await messaging.get("m1")
        assert message.carrier_status_code == 1003
        assert message.state == pb.MESSAGE_STATE_SENT


async def test_wrong_keys_are_the_accounts_fault_and_cost_no_text(
    redis: Redis, redis_url: str, simulator_url: str, clock: ManualClock
) -> None:
    async with serving(settings_for(redis_url, simulator_url, secret_key="wrong"), clock) as wrong:
        result = await wrong.send_one(text("m1"))
    assert result.outcome == pb.SEND_OUTCOME_NOT_SENT
    assert result.error.reason == ErrorReason.ERROR_REASON_CARRIER_ACCOUNT_REFUSED
    async with serving(settings_for(redis_url, simulator_url), clock) as mended:
        assert (await mended.send_one(text("m1"))).outcome == pb.SEND_OUTCOME_ACCEPTED


async def test_a_number_that_the_account_does_not_own_is_refused(
    redis: Redis, redis_url: str, simulator_url: str, clock: ManualClock
) -> None:
    foreign = pb.OutboundMessage(
        message_id="m1", pool="main", from_number=BOB, to_number=ALICE, body="hello"
    )
    async with serving(settings_for(redis_url, simulator_url), clock) as messaging:
        assert await _reason(messaging, foreign) == "ERROR_REASON_CARRIER_ACCOUNT_REFUSED"


async def _reason(messaging: Messaging, message: pb.OutboundMessage) -> str:
    result = await messaging.send_one(message)
    assert result.outcome == pb.SEND_OUTCOME_REFUSED
    return ErrorReason.Name(result.error.reason)


async def _received(gateway: ScriptedCarrier, count: int) -> None:
    async def holds() -> bool:
        return len(gateway.requests) >= count

    await eventually(holds)


def _read_receipt(request: CarrierRequest) -> pb.DeliveryReceipt:
    data = json.loads(request.content)["data"]
    return pb.DeliveryReceipt(
        carrier_message_id=data["id"],
        send_token=request.path.rpartition("/")[2],
        status_code=data["attributes"].get("status_code"),
        status=data["attributes"]["status"],
    )


async def _kept_by(simulator_url: str, carrier_id: str) -> dict[str, str]:
    async with httpx.AsyncClient(base_url=simulator_url, auth=KEYS) as http:
        answer = await http.get(f"/v2.2/messages/{carrier_id}")
    attributes: dict[str, str] = answer.raise_for_status().json()["data"]["attributes"]
    return attributes
