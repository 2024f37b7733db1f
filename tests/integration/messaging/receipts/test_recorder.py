"""RecordDeliveryReceipts over real gRPC."""

import asyncio

import grpc
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.error_reason_pb2 import ErrorReason
from messaging_service.redis import keys
from support.clock import ManualClock
from support.messaging_service import BOB, Messaging, refusal_of, text
from support.scripted_carrier import (
    CarrierRequest,
    ScriptedCarrier,
    accepted,
    response,
)

SENT, DELIVERED = pb.MESSAGE_STATE_SENT, pb.MESSAGE_STATE_DELIVERED
UNDELIVERED, UNKNOWN = pb.MESSAGE_STATE_UNDELIVERED, pb.MESSAGE_STATE_UNKNOWN


async def test_a_receipt_finds_its_message_by_the_carriers_id(
    messaging: Messaging, clock: ManualClock
) -> None:
    await messaging.send_one(text("m1"))
    carrier_id = (await messaging.get("m1")).carrier_message_id
    clock.move(seconds=3)
    [result] = await messaging.record(_receipt(carrier_id, 1004))
    assert (result.message.message_id, result.message.state) == ("m1", DELIVERED)
    assert result.message.carrier_status_code == 1004
    assert result.message.update_time.ToDatetime(clock.now().tzinfo) == clock.now()
    assert await messaging.get("m1") == result.message


async def test_a_receipt_finds_its_message_by_the_token_and_binds_the_carriers_id(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    carrier.always(response(500))
    await messaging.send_one(text("m1"))
    assert (await messaging.get("m1")).state == UNKNOWN
    token = carrier.requests[0].send_token
    [resolved] = await messaging.record(_receipt("mdr2-found", 1003, token))
    assert resolved.message.state == SENT
    assert resolved.message.carrier_message_id == "mdr2-found"
    # From now on the id is enough.
    [closed] = await messaging.record(_receipt("mdr2-found", 1004))
    assert closed.message.state == DELIVERED
    # A repeat of the send now learns what became of it.
    assert (await messaging.send_one(text("m1"))).outcome == pb.SEND_OUTCOME_ACCEPTED
    assert len(carrier.requests) == 1


async def test_a_forged_token_moves_nothing_and_fails_no_other_receipt(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    await messaging.send_one(text("m1"))
    token = carrier.requests[0].send_token
    altered = ("A" if token[0] != "A" else "B") + token[1:]
    known_id = (await messaging.get("m1")).carrier_message_id
    refused, recorded = await messaging.record(
        _receipt(known_id, 1007, altered), _receipt(known_id, 1004, token)
    )
    assert refused.error.reason == ErrorReason.ERROR_REASON_SEND_TOKEN_NOT_VALID
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
        return accepted("mdr2-1")

    carrier.script = slow
    sending = asyncio.create_task(messaging.send_one(text("m1")))
    token = (await arrived.get()).send_token
    [early] = await messaging.record(_receipt("mdr2-1", 1004, token))
    assert early.message.state == DELIVERED
    go.set()
    result = await sending
    assert (result.outcome, result.state) == (pb.SEND_OUTCOME_ACCEPTED, DELIVERED)
    assert (await messaging.get("m1")).state == DELIVERED


async def test_a_receipt_without_a_token_before_the_answer_is_parked(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    async def told_first(request: CarrierRequest) -> bytes:
        [early] = await messaging.record(_receipt("mdr2-1", 1110))
        assert not early.HasField("message")
        return accepted("mdr2-1")

    carrier.script = told_first
    result = await messaging.send_one(text("m1"))
    assert (result.outcome, result.state) == (pb.SEND_OUTCOME_ACCEPTED, UNDELIVERED)
    # An opt-out has to reach whoever keeps them.
    assert result.carrier_status_code == 1110
    assert await messaging.send_one(text("m1")) == result


async def test_parked_receipts_end_in_the_furthest_state_in_any_order(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    for code in (1004, 1003, 1004, 1002):
        await messaging.record(_receipt("mdr2-1", code))
    carrier.always(accepted("mdr2-1"))
    result = await messaging.send_one(text("m1"))
    assert (result.state, result.carrier_status_code) == (DELIVERED, 1004)


async def test_receipts_that_a_dead_process_left_parked_are_applied_by_a_repeat(
    messaging: Messaging, redis: Redis
) -> None:
    first = await messaging.send_one(text("m1"))
    carrier_id = (await messaging.get("m1")).carrier_message_id
    # It died between writing that the carrier has the text and writing what waited for its id.
    await redis.rpush(f"maskline:v1:messaging:{{{carrier_id}}}:parked", "undelivered:1110")
    assert first.state == SENT
    again = await messaging.send_one(text("m1"))
    assert (again.state, again.carrier_status_code) == (UNDELIVERED, 1110)


async def test_a_receipt_for_a_message_that_was_reported_as_not_sent_makes_it_sent(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    carrier.always(response(503))
    await messaging.send_one(text("m1"))
    await messaging.record(_receipt("mdr2-1", 1003, carrier.requests[0].send_token))
    assert (await messaging.send_one(text("m1"))).outcome == pb.SEND_OUTCOME_ACCEPTED
    assert len(carrier.requests) == 1


async def test_receipts_in_any_order_end_in_the_furthest_state(messaging: Messaging) -> None:
    await messaging.send_one(text("m1"))
    carrier_id = (await messaging.get("m1")).carrier_message_id
    codes = (1003, 1004, 1002, 1005, 1003)
    for code in codes:
        await messaging.record(_receipt(carrier_id, code))
    message = await messaging.get("m1")
    assert (message.state, message.carrier_status_code) == (DELIVERED, 1004)


async def test_a_failed_delivery_keeps_its_reason_and_the_send_its_outcome(
    messaging: Messaging,
) -> None:
    await messaging.send_one(text("m1"))
    carrier_id = (await messaging.get("m1")).carrier_message_id
    [result] = await messaging.record(_receipt(carrier_id, 1110))
    assert (result.message.state, result.message.carrier_status_code) == (UNDELIVERED, 1110)
    repeated = await messaging.send_one(text("m1"))
    assert (repeated.outcome, repeated.state) == (pb.SEND_OUTCOME_ACCEPTED, UNDELIVERED)
    assert repeated.carrier_status_code == 1110


async def test_a_receipt_without_a_code_counts_by_its_status_word_if_that_is_known(
    messaging: Messaging,
) -> None:
    await messaging.send_one(text("m1"))
    carrier_id = (await messaging.get("m1")).carrier_message_id
    for word, state in (
        ("smsc submit", SENT),
        ("mislaid", SENT),
        ("", SENT),
        ("Delivered", DELIVERED),
    ):
        [result] = await messaging.record(
            pb.DeliveryReceipt(carrier_message_id=carrier_id, status=word, level=1)
        )
        assert result.message.state == state
        assert not result.message.HasField("carrier_status_code")


async def test_results_come_in_the_order_of_the_receipts_and_are_absent_for_unknown_messages(
    messaging: Messaging,
) -> None:
    await messaging.send(text("m1"), text("m2", to=BOB))
    ids = [(await messaging.get(name)).carrier_message_id for name in ("m1", "m2")]
    results = await messaging.record(
        _receipt("mdr2-nobody", 1004),
        _receipt(ids[1], 1004),
        _receipt("", 1004),
        _receipt("x" * 100_000, 1004, "y" * 100_000),
        _receipt("mdr2-1", 1004, "y" * 100_000),
        _receipt(ids[0], 1005),
    )
    told = [result.message.message_id if result.HasField("message") else None for result in results]
    assert told == [None, "m2", None, None, None, "m1"]
    assert [result.error.reason for result in results] == [
        *[ErrorReason.ERROR_REASON_UNSPECIFIED] * 3,
        ErrorReason.ERROR_REASON_INVALID_ARGUMENT,
        ErrorReason.ERROR_REASON_SEND_TOKEN_NOT_VALID,
        ErrorReason.ERROR_REASON_UNSPECIFIED,
    ]


@pytest.mark.parametrize("odd", ["call me", "+14255550111", "mdr2-1}:x", "x" * 129])
async def test_a_receipt_with_a_malformed_id_is_refused_alone_and_stores_nothing(
    messaging: Messaging, redis: Redis, odd: str
) -> None:
    with capture_logs() as lines:
        refused, recorded = await messaging.record(_receipt(odd, 1004), _receipt("mdr2-1", 1004))
    assert refused.error.reason == ErrorReason.ERROR_REASON_INVALID_ARGUMENT
    assert refused.error.message.startswith("carrier_message_id: give letters, digits")
    assert not recorded.HasField("error")
    assert odd not in str(lines) + refused.error.message
    assert await redis.keys() == [keys.parked("mdr2-1").encode()]


async def test_the_same_receipt_again_changes_nothing(messaging: Messaging) -> None:
    await messaging.send_one(text("m1"))
    receipt = _receipt((await messaging.get("m1")).carrier_message_id, 1004)
    first = await messaging.record(receipt)
    assert await messaging.record(receipt, receipt) == [*first, *first]


@pytest.mark.parametrize("count", [0, 257])
async def test_a_batch_of_receipts_outside_its_limits_is_refused(
    messaging: Messaging, count: int
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await messaging.record(*[_receipt("mdr2-1", 1004)] * count)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refusal_of(caught.value).violations == ["receipts"]


def _receipt(carrier_message_id: str, code: int, token: str = "") -> pb.DeliveryReceipt:
    return pb.DeliveryReceipt(
        carrier_message_id=carrier_message_id, send_token=token, status_code=code
    )
