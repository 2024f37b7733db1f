"""Each fault that the simulator has for sends, receipts and records: one text, one delivery."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx
import pytest
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from runtime.clock import SystemClock
from support.clock import ManualClock
from support.eventually import eventually
from support.messaging_service import ALICE, Messaging, serving, settings_for, text
from support.scripted_carrier import CarrierRequest, response, scripted_carrier
from support.simulator_process import KEYS, simulator

LOOKS = (5, 15, 60, 300)
Fault = Mapping[str, object]
# Real time: what a send that hangs costs these tests.
TIMEOUT_SECONDS = 0.5
NO_RECEIPTS: Fault = {"kind": "receipts_never"}
RESOLUTION = pb.UnknownResolution.Value


@dataclass
class Bench:
    """The service, its carrier, and what carries receipts from one to the other."""

    messaging: Messaging
    carrier: httpx.AsyncClient
    clock: ManualClock
    receipts: list[pb.DeliveryReceipt]

    async def fault(self, *faults: Fault) -> None:
        """What goes wrong from now on."""
        for fault in faults:
            answer = await self.carrier.post("/simulator/faults", json=fault)
            assert answer.is_success, answer.text

    async def settled(self) -> pb.SendMessageResult:
        """Asks for the text at the times of the looks until something is known of it."""
        now, result = 0, await self.messaging.send_one(text("m1"))
        for at in LOOKS:
            if result.outcome != pb.SEND_OUTCOME_UNKNOWN:
                break
            self.clock.move(seconds=at - now)
            now, result = at, await self.messaging.send_one(text("m1"))
        return result

    async def delivered(self) -> list[str]:
        """The texts on the phone."""
        answer = await self.carrier.get(f"/simulator/phones/{ALICE}/texts")
        return [each["body"] for each in answer.json()["texts"]]

    async def told(self, count: int) -> None:
        """Waits for so many receipts."""

        async def holds() -> bool:
            return len(self.receipts) >= count

        await eventually(holds)


@pytest.fixture
async def bench(redis: Redis, redis_url: str) -> AsyncIterator[Bench]:
    """All of it, with a phone and no fault yet."""
    # In whole milliseconds, as the service's own clock.
    clock = ManualClock(SystemClock().now())
    receipts: list[pb.DeliveryReceipt] = []
    async with scripted_carrier() as gateway, simulator(gateway.url) as url:
        settings = settings_for(
            redis_url, url, public_url=gateway.url, timeout_seconds=TIMEOUT_SECONDS
        )
        async with (
            serving(settings, clock) as messaging,
            httpx.AsyncClient(base_url=url, auth=KEYS) as carrier,
        ):

            async def passes_on(request: CarrierRequest) -> bytes:
                receipts.append(_receipt(request))
                await messaging.record(receipts[-1])
                return response(200)

            gateway.script = passes_on
            await carrier.post("/simulator/phones", json={"number": ALICE})
            yield Bench(messaging, carrier, clock, receipts)


@pytest.mark.parametrize(
    ("fault", "resolution"),
    [
        ({"kind": "accept_then_hang", "seconds": 20}, "RECORD"),
        ({"kind": "accept_then_reset"}, "RECORD"),
        ({"kind": "accept_then_status", "status": 500}, "RECORD"),
        ({"kind": "accept_then_status", "status": 502}, "RECORD"),
        ({"kind": "hang", "seconds": 20}, "SENT_AGAIN"),
        ({"kind": "reset"}, "SENT_AGAIN"),
        ({"kind": "status", "status": 500}, "SENT_AGAIN"),
        ({"kind": "slow", "seconds": 0.05}, "UNSPECIFIED"),
    ],
    ids=str,
)
async def test_a_send_that_fails_in_this_way_is_delivered_once_without_any_receipt(
    bench: Bench, fault: Fault, resolution: str
) -> None:
    await bench.fault(NO_RECEIPTS, fault)
    result = await bench.settled()
    assert result.outcome == pb.SEND_OUTCOME_ACCEPTED
    assert result.resolution == RESOLUTION(f"UNKNOWN_RESOLUTION_{resolution}")
    assert await bench.delivered() == ["hello"]


@pytest.mark.parametrize(
    "receipts",
    [
        {"kind": "receipts_early"},
        {"kind": "receipts_twice"},
        {"kind": "receipts_unwrapped"},
        {"kind": "receipts_reordered"},
    ],
    ids=str,
)
async def test_a_lost_answer_is_found_out_by_receipts_however_they_come(
    bench: Bench, receipts: Fault
) -> None:
    await bench.fault(receipts, {"kind": "accept_then_status", "status": 500})
    await bench.messaging.send_one(text("m1"))
    await bench.told(2)
    result = await bench.messaging.send_one(text("m1"))
    assert (result.outcome, result.resolution) == (
        pb.SEND_OUTCOME_ACCEPTED,
        pb.UNKNOWN_RESOLUTION_RECEIPT,
    )
    assert await bench.delivered() == ["hello"]


async def test_receipts_that_name_no_attempt_wait_for_the_record_that_they_belong_to(
    bench: Bench,
) -> None:
    await bench.fault(
        {"kind": "receipts_without_token"}, {"kind": "accept_then_status", "status": 500}
    )
    await bench.messaging.send_one(text("m1"))
    await bench.told(2)
    assert {receipt.send_token for receipt in bench.receipts} == {""}
    result = await bench.settled()
    assert result.resolution == pb.UNKNOWN_RESOLUTION_RECORD
    # The record tells no code: this is what had waited.
    assert result.carrier_status_code == 1003


async def test_a_receipt_without_a_name_before_the_202_is_not_lost(bench: Bench) -> None:
    # Slow enough that they come before the answer.
    await bench.fault(
        {"kind": "receipts_without_token"},
        {"kind": "slow", "seconds": TIMEOUT_SECONDS * 0.8},
    )
    result = await bench.messaging.send_one(text("m1"))
    await bench.told(2)
    assert result.outcome == pb.SEND_OUTCOME_ACCEPTED
    assert (await bench.messaging.get("m1")).carrier_status_code == 1003


async def test_a_failed_delivery_reaches_whoever_asks(bench: Bench) -> None:
    await bench.fault(
        {"kind": "receipts_failing", "status_code": 1110},
        {"kind": "accept_then_status", "status": 500},
    )
    await bench.messaging.send_one(text("m1"))
    await bench.told(2)
    result = await bench.messaging.send_one(text("m1"))
    assert (result.state, result.carrier_status_code) == (pb.MESSAGE_STATE_UNDELIVERED, 1110)


async def test_a_record_that_is_shown_late_is_found_by_a_later_look(bench: Bench) -> None:
    await bench.fault(
        NO_RECEIPTS,
        {"kind": "records_late", "seconds": 0.3},
        {"kind": "accept_then_status", "status": 500},
    )
    assert (await bench.messaging.send_one(text("m1"))).outcome == pb.SEND_OUTCOME_UNKNOWN
    bench.clock.move(seconds=LOOKS[0])
    early = await bench.messaging.send_one(text("m1"))

    async def is_shown() -> bool:
        query = {"start_date": "2020-01-01"}
        return bool((await bench.carrier.get("/v2.2/messages", params=query)).json()["data"])

    await eventually(is_shown)
    bench.clock.move(seconds=LOOKS[1] - LOOKS[0])
    found = await bench.messaging.send_one(text("m1"))
    assert pb.UNKNOWN_RESOLUTION_RECORD in (early.resolution, found.resolution)
    assert await bench.delivered() == ["hello"]


@pytest.mark.parametrize(
    ("prefers", "resolution", "deliveries"),
    [
        (pb.UNKNOWN_POLICY_PREFER_DUPLICATE, "PREFERRED_DUPLICATE", 2),
        (pb.UNKNOWN_POLICY_PREFER_LOSS, "PREFERRED_LOSS", 1),
    ],
)
async def test_without_records_and_receipts_the_policy_is_followed(
    bench: Bench, prefers: pb.UnknownPolicy.ValueType, resolution: str, deliveries: int
) -> None:
    message = text("m1", prefers=prefers)
    await bench.fault(
        NO_RECEIPTS,
        {"kind": "records_unavailable", "status": 503, "count": None},
        {"kind": "accept_then_status", "status": 500},
    )
    await bench.messaging.send_one(message)
    for seconds in (LOOKS[-1], 240):
        bench.clock.move(seconds=seconds)
        result = await bench.messaging.send_one(message)
    assert result.resolution == RESOLUTION(f"UNKNOWN_RESOLUTION_{resolution}")
    assert await bench.delivered() == ["hello"] * deliveries


async def test_the_same_words_twice_are_delivered_twice(bench: Bench) -> None:
    lost = {"kind": "accept_then_status", "status": 500}
    await bench.fault({**NO_RECEIPTS, "count": 2}, {**lost, "count": 2})
    for name in ("m1", "m2"):
        await bench.messaging.send_one(text(name))
    bench.clock.move(seconds=LOOKS[0])
    results = [await bench.messaging.send_one(text(name)) for name in ("m1", "m2")]
    assert {result.resolution for result in results} == {pb.UNKNOWN_RESOLUTION_RECORD}
    ids = {(await bench.messaging.get(name)).carrier_message_id for name in ("m1", "m2")}
    assert len(ids) == 2
    assert await bench.delivered() == ["hello", "hello"]


def _receipt(request: CarrierRequest) -> pb.DeliveryReceipt:
    """As the gateway reads it, in either shape, at either address."""
    parsed = json.loads(request.content)
    data = parsed.get("data", parsed)
    token = request.path.removeprefix("/api/receipt").strip("/")
    return pb.DeliveryReceipt(
        carrier_message_id=data["id"],
        send_token=token,
        status_code=data["attributes"].get("status_code"),
        status=data["attributes"]["status"],
    )
