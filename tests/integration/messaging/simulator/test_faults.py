"""Sends to the simulator, a process of its own, with its faults: one message, one delivery."""

from collections.abc import AsyncIterator, Iterator, Mapping
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
from support.simulator_process import simulator_client, simulator_process

LOOKUPS = (5, 15, 60, 300)
Fault = Mapping[str, object]
# Real time, which a send that hangs costs; long enough for a busy machine to answer the others.
TIMEOUT_SECONDS = 1.5
NO_RECEIPTS: Fault = {"kind": "receipts_never"}
NO_ANSWER: Fault = {"kind": "accept_then_status", "status": 500}
PHONES = iter([f"+1360555{number:04d}" for number in range(100, 200)])


@dataclass
class Bench:
    """The service, its carrier, and the receipts that the service has recorded."""

    messaging: Messaging
    carrier: httpx.AsyncClient
    clock: ManualClock
    phone: str
    receipts: list[pb.DeliveryReceipt]

    async def fault(self, *faults: Fault) -> None:
        for fault in faults:
            answer = await self.carrier.post("/simulator/faults", json=fault)
            assert answer.is_success, answer.text

    async def send(self) -> pb.SendMessageResult:
        return await self.messaging.send_one(text("m1", to=self.phone))

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

    async def both_receipts(self) -> None:
        async def are_recorded() -> bool:
            return len(self.receipts) >= 2

        await eventually(are_recorded)


@pytest.fixture(scope="module")
def simulator_url() -> Iterator[str]:
    """One simulator for all tests: each uses a phone of its own."""
    with simulator_process("http://gateway.example", SIMULATOR_NUMBERS="+12065550100") as url:
        yield url


@pytest.fixture
async def bench(redis: Redis, redis_url: str, simulator_url: str) -> AsyncIterator[Bench]:
    # In whole milliseconds, as the service's own clock.
    clock = ManualClock(SystemClock().now())
    receipts: list[pb.DeliveryReceipt] = []
    phone = next(PHONES)
    async with scripted_carrier() as gateway, simulator_client(simulator_url) as simulator:
        await simulator.post("/simulator/phones", json={"number": phone})
        # Where receipts go that do not use the message's own URL.
        callback = {"callback_url": f"{gateway.url}/api/receipt"}
        await simulator.put("/v2.2/messages/sms_dlr_callback", json=callback)
        settings = settings_for(
            redis_url, simulator_url, public_url=gateway.url, timeout_seconds=TIMEOUT_SECONDS
        )
        async with serving(settings, clock) as messaging:

            async def pass_on(request: CarrierRequest) -> bytes:
                receipt = receipt_from(request)
                await messaging.record(receipt)
                receipts.append(receipt)
                return response(200)

            gateway.script = pass_on
            yield Bench(messaging, simulator, clock, phone, receipts)
        await simulator.delete("/simulator/faults")


@pytest.mark.parametrize(
    ("fault", "resolution"),
    [
        ({"kind": "accept_then_hang", "seconds": 20}, "RECORD"),
        ({"kind": "accept_then_reset"}, "RECORD"),
        (NO_ANSWER, "RECORD"),
        ({"kind": "reset"}, "SENT_AGAIN"),
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
    assert result.resolution == pb.UnknownResolution.Value(f"UNKNOWN_RESOLUTION_{resolution}")
    assert await bench.delivered() == ["hello"]


@pytest.mark.parametrize("kind", ["early", "twice", "unwrapped", "reordered"])
async def test_an_uncertain_send_is_resolved_by_receipts_however_they_come(
    bench: Bench, kind: str
) -> None:
    await bench.fault({"kind": f"receipts_{kind}"}, NO_ANSWER)
    await bench.send()
    await bench.both_receipts()
    result = await bench.send()
    assert result.outcome == pb.SEND_OUTCOME_ACCEPTED
    assert result.resolution == pb.UNKNOWN_RESOLUTION_RECEIPT
    assert await bench.delivered() == ["hello"]


async def test_receipts_without_a_token_are_parked_until_the_record_is_found(bench: Bench) -> None:
    await bench.fault({"kind": "receipts_without_token"}, NO_ANSWER)
    await bench.send()
    await bench.both_receipts()
    assert {receipt.send_token for receipt in bench.receipts} == {""}
    result = await bench.send_until_resolved()
    assert result.resolution == pb.UNKNOWN_RESOLUTION_RECORD
    # The record has no code: this one was parked.
    assert result.carrier_status_code == 1003
