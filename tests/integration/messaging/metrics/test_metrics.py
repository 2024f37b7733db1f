import httpx
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from runtime.tls import shared_client_context
from support.clock import ManualClock
from support.fakes.scripted_carrier import ScriptedCarrier, record, response
from support.net.ports import free_port
from support.services.messaging_service import ALICE, BOB, MASKED, serving, settings_for, text

EXPECTED = {
    'maskline_sends_total{outcome="SENT"} 2.0',
    'maskline_sends_total{outcome="UNCERTAIN"} 1.0',
    'maskline_sends_total{outcome="NOT_SENT"} 1.0',
    'maskline_unknown_sends_resolved_total{resolution="RECORD"} 1.0',
    "maskline_segments_total 1.0",
    "maskline_rate_limited_total 1.0",
    'maskline_receipts_total{state="delivered"} 1.0',
    'maskline_receipts_total{state="parked"} 1.0',
    'maskline_receipts_total{state="unmatched"} 1.0',
    "maskline_carrier_circuit_open 0.0",
    "maskline_carrier_account_refused 0.0",
}


async def test_events_are_counted_without_numbers(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    listen = f"127.0.0.1:{free_port()}"
    settings = settings_for(redis_url, carrier.url).model_copy(update={"metrics_listen": listen})
    async with serving(settings, clock) as messaging:
        carrier.always(response(500))
        await messaging.send_one(text("m1"))
        carrier.lists(record("mdr2-1", carrier.requests[0].attributes, clock.now()))
        clock.move(seconds=5)
        await messaging.send_one(text("m1"))
        carrier.script = carrier.takes
        await messaging.send_one(text("m2", to=BOB))
        await messaging.record(
            pb.DeliveryReceipt(carrier_message_id="mdr2-1", carrier_code="1004"),
            pb.DeliveryReceipt(carrier_message_id="mdr2-nobody", carrier_code="1004"),
            pb.DeliveryReceipt(carrier_code="1004"),
        )
        carrier.always(response(429))
        await messaging.send_one(text("m3"))
        async with httpx.AsyncClient(verify=shared_client_context()) as http:
            scraped = (await http.get(f"http://{listen}/metrics")).text
    assert set(scraped.splitlines()) >= EXPECTED
    assert not any(number.lstrip("+") in scraped for number in (ALICE, BOB, MASKED))
