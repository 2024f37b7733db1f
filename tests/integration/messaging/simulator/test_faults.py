"""Each fault that the simulator has for sends, receipts and records: one message, one delivery."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx
import pytest
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from runtime.clock import SystemClock
from support.clock import ManualClock
from support.eventually import eventually
from support.messaging_service import Messaging, receipt_from, serving, settings_for, text
from support.scripted_carrier import CarrierRequest, response, scripted_carrier

LOOKUPS = (5, 15, 60, 300)
Fault = Mapping[str, object]
# Real time, which a send that hangs costs; long enough for a busy machine to answer the others.
TIMEOUT_SECONDS = 1.5
NO_RECEIPTS: Fault = {"kind": "receipts_never"}
NO_ANSWER: Fault = {"kind": "accept_then_status", "status": 500}
RESOLUTION = pb.UnknownResolution.Value


@dataclass
class Bench:
    """The service, its carrier, and the receipts that reached the service."""

    messaging: Messaging
    carrier: httpx.AsyncClient
    clock: ManualClock
    phone: str
    receipts: list[pb.DeliveryReceipt]

    async def fault(self, *faults: Fault) -> None:
        """Adds faults."""
        for fault in faults:
            answer = await self.carrier.post("/simulator/faults", json=fault)
            assert answer.is_success, answer.text

    def text(
        self,
        message_id: str = "m1",
        prefers: pb.UnknownPolicy.ValueType = pb.UNKNOWN_POLICY_UNSPECIFIED,
    ) -> pb.OutboundMessage:
        return text(message_id, to=self.phone, prefers=prefers)

    async def send(self, message_id: str = "m1") -> pb.SendMessageResult:
        return await self.messaging.send_one(self.text(message_id))

    async def send_until_resolved(self) -> pb.SendMessageResult:
        """Sends the message again at the times of the lookups until its result is known."""
        now, result = 0, await self.send()
        for time in LOOKUPS:
            if result.outcome != pb.SEND_OUTCOME_UNKNOWN:
                break
            self.clock.move(seconds=time - now)
            now, result = time, await self.send()
        return result

    async def delivered(self) -> list[str]:
        """The bodies on the phone."""
        answer = await self.carrier.get(f"/simulator/phones/{self.phone}/texts")
        return [each["body"] for each in answer.json()["texts"]]

    async def received(self, count: int) -> None:
        """Waits for the receipts."""

        async def all_came() -> bool:
            return len(self.receipts) >= count

        await eventually(all_came)


@pytest.fixture
async def bench(
    redis: Redis, redis_url: str, simulator: httpx.AsyncClient, phone: str
) -> AsyncIterator[Bench]:
    """Without a fault yet."""
    # In whole milliseconds, as the service's own clock.
    clock = ManualClock(SystemClock().now())
    receipts: list[pb.DeliveryReceipt] = []
    async with scripted_carrier() as gateway:
        # Where receipts go that do not use the message's own URL.
        callback = {"callback_url": f"{gateway.url}/api/receipt"}
        await simulator.put("/v2.2/messages/sms_dlr_callback", json=callback)
        settings = settings_for(
            redis_url,
            str(simulator.base_url),
            public_url=gateway.url,
            timeout_seconds=TIMEOUT_SECONDS,
        )
        async with serving(settings, clock) as messaging:

            async def pass_on(request: CarrierRequest) -> bytes:
                receipt = receipt_from(request)
                await messaging.record(receipt)
                # Only then: tests wait for it and expect it to be recorded.
                receipts.append(receipt)
                return response(200)

            gateway.script = pass_on
            yield Bench(messaging, simulator, clock, phone, receipts)


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
async def test_a_send_that_fails_in_this_way_is_delivered_once_even_without_receipts(
    bench: Bench, fault: Fault, resolution: str
) -> None:
    await bench.fault(NO_RECEIPTS, fault)
    result = await bench.send_until_resolved()
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
async def test_an_uncertain_send_is_resolved_by_receipts_however_they_come(
    bench: Bench, receipts: Fault
) -> None:
    await bench.fault(receipts, NO_ANSWER)
    await bench.send()
    await bench.received(2)
    result = await bench.send()
    assert (result.outcome, result.resolution) == (
        pb.SEND_OUTCOME_ACCEPTED,
        pb.UNKNOWN_RESOLUTION_RECEIPT,
    )
    assert await bench.delivered() == ["hello"]


async def test_receipts_without_a_token_are_parked_until_the_record_is_found(
    bench: Bench,
) -> None:
    await bench.fault(
        {"kind": "receipts_without_token"}, {"kind": "accept_then_status", "status": 500}
    )
    await bench.send()
    await bench.received(2)
    assert {receipt.send_token for receipt in bench.receipts} == {""}
    result = await bench.send_until_resolved()
    assert result.resolution == pb.UNKNOWN_RESOLUTION_RECORD
    # The record tells no code: this is what had waited.
    assert result.carrier_status_code == 1003


async def test_a_record_that_appears_late_is_found_by_a_later_lookup(bench: Bench) -> None:
    await bench.fault(
        NO_RECEIPTS,
        {"kind": "records_late", "seconds": 0.3},
        {"kind": "accept_then_status", "status": 500},
    )
    assert (await bench.send()).outcome == pb.SEND_OUTCOME_UNKNOWN
    bench.clock.move(seconds=LOOKUPS[0])
    early = await bench.send()

    async def is_on_record() -> bool:
        query = {"start_date": "2020-01-01"}
        listed = (await bench.carrier.get("/v2.2/messages", params=query)).json()["data"]
        return any(bench.phone.endswith(each["attributes"]["to"]) for each in listed)

    await eventually(is_on_record)
    bench.clock.move(seconds=LOOKUPS[1] - LOOKUPS[0])
    found = await bench.send()
    assert pb.UNKNOWN_RESOLUTION_RECORD in (early.resolution, found.resolution)
    assert await bench.delivered() == ["hello"]
