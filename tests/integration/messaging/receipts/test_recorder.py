import asyncio

import grpc
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from maskline.messaging.v1 import messaging_pb2 as pb
from messaging_service.model.carrier_ids import normalised_carrier_id
from messaging_service.redis import keys
from support.clock import ManualClock
from support.fakes.scripted_carrier import CarrierRequest, ScriptedCarrier, response
from support.services.messaging_service import BOB, Messaging, reason_of, refusal_of, text

SENT, DELIVERED = pb.MESSAGE_STATE_SENT, pb.MESSAGE_STATE_DELIVERED
UNDELIVERED, UNKNOWN = pb.MESSAGE_STATE_UNDELIVERED, pb.MESSAGE_STATE_UNCERTAIN
FORGED = "SEND_TOKEN_INVALID"
INVALID = "INVALID_ARGUMENT"


async def test_a_receipt_finds_its_message_by_the_carriers_id(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    await messaging.send_one(text("m1"))
    carrier_id = (await messaging.get("m1")).carrier_message_id
    clock.move(seconds=3)
    [result] = await messaging.record(carrier.receipt(carrier_id, "delivered"))
    assert (result.message.message_id, result.message.state) == ("m1", DELIVERED)
    assert result.message.update_time.ToDatetime(clock.now().tzinfo) == clock.now()
    assert await messaging.get("m1") == result.message


async def test_a_receipt_finds_its_message_by_the_token_and_binds_the_carriers_id(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    carrier.always(response(500))
    await messaging.send_one(text("m1"))
    assert (await messaging.get("m1")).state == UNKNOWN
    token = carrier.requests[0].send_token
    [resolved] = await messaging.record(carrier.receipt(carrier.id_of("found"), "sent", token))
    assert resolved.message.state == SENT
    assert resolved.message.carrier_message_id == normalised_carrier_id(carrier.id_of("found"))
    # The carrier's id is enough from now on.
    [closed] = await messaging.record(carrier.receipt(carrier.id_of("found"), "delivered"))
    assert closed.message.state == DELIVERED
    result = await messaging.send_one(text("m1"))
    assert result.outcome == pb.SEND_OUTCOME_SENT
    assert result.resolution == pb.SEND_RESOLUTION_RECEIPT
    assert (len(carrier.requests), carrier.listings) == (1, [])


async def test_a_forged_token_moves_nothing_and_fails_no_other_receipt(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    await messaging.send_one(text("m1"))
    token = carrier.requests[0].send_token
    altered = ("A" if token[0] != "A" else "B") + token[1:]
    known_id = (await messaging.get("m1")).carrier_message_id
    refused, recorded = await messaging.record(
        carrier.receipt(known_id, "undelivered", altered),
        carrier.receipt(known_id, "delivered", token),
    )
    assert reason_of(refused) == FORGED
    assert not refused.HasField("message")
    assert not recorded.HasField("error")
    assert (await messaging.get("m1")).state == DELIVERED


async def test_a_receipt_that_comes_before_the_202_is_kept(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    arrived, go = asyncio.Queue[CarrierRequest](), asyncio.Event()

    async def slow(request: CarrierRequest) -> bytes:
        arrived.put_nowait(request)
        await go.wait()
        return carrier.accepted(carrier.id_of("1"))

    carrier.script = slow
    sending = asyncio.create_task(messaging.send_one(text("m1")))
    token = (await arrived.get()).send_token
    [early] = await messaging.record(carrier.receipt(carrier.id_of("1"), "delivered", token))
    assert early.message.state == DELIVERED
    assert not sending.done()
    go.set()
    result = await sending
    assert (result.outcome, result.state) == (pb.SEND_OUTCOME_SENT, DELIVERED)
    assert (await messaging.get("m1")).state == DELIVERED


async def test_receipts_that_a_dead_process_left_parked_are_applied_by_a_repeat(
    messaging: Messaging, redis: Redis
) -> None:
    first = await messaging.send_one(text("m1"))
    carrier_id = (await messaging.get("m1")).carrier_message_id
    # The process died after it recorded the send and before it applied the parked receipts.
    await redis.rpush(keys.parked(carrier_id), "undelivered:OPTED_OUT:1110")
    assert first.state == SENT
    again = await messaging.send_one(text("m1"))
    assert (again.state, again.failure) == (
        UNDELIVERED,
        pb.Failure(reason=pb.FAILURE_REASON_OPTED_OUT, carrier_code="1110"),
    )


async def test_a_receipt_for_a_message_that_was_reported_as_not_sent_makes_it_sent(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    carrier.always(response(503))
    await messaging.send_one(text("m1"))
    await messaging.record(
        carrier.receipt(carrier.id_of("1"), "sent", carrier.requests[0].send_token)
    )
    assert (await messaging.send_one(text("m1"))).outcome == pb.SEND_OUTCOME_SENT
    assert len(carrier.requests) == 1


async def test_each_receipt_has_a_result_of_its_own_in_the_order_of_the_batch(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    await messaging.send(text("m1"), text("m2", to=BOB))
    ids = [(await messaging.get(name)).carrier_message_id for name in ("m1", "m2")]
    rows = [
        (carrier.receipt(carrier.id_of("nobody"), "delivered"), "", ""),
        (carrier.receipt(ids[1], "delivered"), "m2", ""),
        (carrier.receipt("", "delivered"), "", ""),
        (carrier.receipt("x" * 100_000, "delivered", "y" * 100_000), "", INVALID),
        (carrier.receipt(carrier.id_of("1"), "delivered", "y" * 100_000), "", FORGED),
        (carrier.receipt(ids[0], "undelivered"), "m1", ""),
    ]
    results = await messaging.record(*(sent for sent, _, _ in rows))
    assert [(result.message.message_id, reason_of(result)) for result in results] == [
        (message_id, reason) for _, message_id, reason in rows
    ]


async def test_a_receipt_with_a_malformed_id_is_refused_alone_and_stores_nothing(
    messaging: Messaging, carrier: ScriptedCarrier, redis: Redis
) -> None:
    with capture_logs() as lines:
        refused, recorded = await messaging.record(
            carrier.receipt("call +14255550111", "delivered"),
            carrier.receipt(carrier.id_of("1"), "delivered"),
        )
    assert reason_of(refused) == INVALID
    assert refused.error.message.startswith("carrier_message_id: give printable ASCII")
    assert not recorded.HasField("error")
    assert "5550111" not in str(lines) + refused.error.message
    kept = set(await redis.keys()) - {keys.write_check().encode()}
    assert kept == {keys.parked(normalised_carrier_id(carrier.id_of("1"))).encode()}


async def test_a_batch_of_receipts_outside_its_limits_is_refused(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    for count in (0, 257):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await messaging.record(*[carrier.receipt("", "delivered")] * count)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert refusal_of(caught.value).violations == ["receipts"]


async def test_an_opt_out_is_known_by_its_reason_whatever_the_carrier_calls_it(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    await messaging.send_one(text("m1"))
    token = carrier.requests[0].send_token
    [result] = await messaging.record(carrier.receipt("", "opted out", token))
    assert result.message.state == UNDELIVERED
    assert result.message.failure.reason == pb.FAILURE_REASON_OPTED_OUT
    again = await messaging.send_one(text("m1"))
    assert (again.outcome, again.failure) == (pb.SEND_OUTCOME_SENT, result.message.failure)
