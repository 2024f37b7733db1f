"""Receipts that resolve uncertain sends."""

import pytest
from integration.messaging.uncertain.lost_answers import (
    ACCEPTED,
    LOOKUPS,
    MADE_UP_LOOK,
    ask_at,
    lose_answer,
    receipt_of,
)

from maskline.messaging.v1 import messaging_pb2 as pb
from support.clock import ManualClock
from support.messaging_service import Messaging, text
from support.scripted_carrier import (
    CarrierRequest,
    ScriptedCarrier,
    record,
    response,
)


@pytest.mark.parametrize("code", [1003, 1004])
async def test_a_receipt_of_the_attempt_resolves_it_at_once(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock, code: int
) -> None:
    attempt = await lose_answer(messaging, carrier, text("m1"), None)
    await messaging.record(receipt_of("mdr2-1", code, attempt.send_token))
    result = await messaging.send_one(text("m1"))
    assert (result.outcome, result.resolution) == (ACCEPTED, pb.UNKNOWN_RESOLUTION_RECEIPT)
    assert result.carrier_status_code == code
    assert await messaging.send_one(text("m1")) == result
    assert carrier.listings == []


async def test_a_receipt_that_overtakes_a_failed_answer_resolves_the_send(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    async def told_first(request: CarrierRequest) -> bytes:
        await messaging.record(receipt_of("mdr2-1", 1004, request.send_token))
        return response(500)

    carrier.script = told_first
    result = await messaging.send_one(text("m1"))
    assert (result.outcome, result.state) == (ACCEPTED, pb.MESSAGE_STATE_DELIVERED)
    assert result.resolution == pb.UNKNOWN_RESOLUTION_RECEIPT


async def test_a_late_receipt_of_the_first_attempt_still_updates_a_message_that_was_sent_again(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    lost = await lose_answer(messaging, carrier, text("m1"), None)
    await ask_at(messaging, clock, text("m1"), LOOKUPS)
    await messaging.record(receipt_of("mdr2-first", 1004, lost.send_token))
    result = await messaging.send_one(text("m1"))
    assert result.state == pb.MESSAGE_STATE_DELIVERED
    assert result.resolution == pb.UNKNOWN_RESOLUTION_SENT_AGAIN


async def test_a_late_receipt_resolves_even_a_message_that_was_given_up(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    lost = await lose_answer(messaging, carrier, text("m1"), None)
    carrier.always_lists(response(500))
    await ask_at(messaging, clock, text("m1"), (*LOOKUPS, MADE_UP_LOOK))
    await messaging.record(receipt_of("mdr2-1", 1003, lost.send_token))
    result = await messaging.send_one(text("m1"))
    assert (result.outcome, result.resolution) == (ACCEPTED, pb.UNKNOWN_RESOLUTION_RECEIPT)


async def test_a_parked_receipt_is_applied_when_its_record_is_found(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    attempt = await lose_answer(messaging, carrier, text("m1"), None)
    [unmatched] = await messaging.record(receipt_of("mdr2-1", 1110))
    assert not unmatched.HasField("message")
    carrier.lists(record("mdr2-1", attempt.attributes, clock.now()))
    [found] = await ask_at(messaging, clock, text("m1"), (5,))
    assert (found.outcome, found.state) == (ACCEPTED, pb.MESSAGE_STATE_UNDELIVERED)
    assert found.resolution == pb.UNKNOWN_RESOLUTION_RECORD
    assert found.carrier_status_code == 1110
