"""An uncertain send is looked up, or resolved by a receipt, or sent again, or given up."""

import asyncio
from collections.abc import Sequence

import pytest
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from messaging_service.uncertain.schedule import MAX_RESENDS
from support.clock import ManualClock
from support.fakes.scripted_carrier import Answer, CarrierRequest, ScriptedCarrier, record, response
from support.services.messaging_service import Messaging, delay_of, serving, settings_for, text

ACCEPTED, UNKNOWN = pb.SEND_OUTCOME_SENT, pb.SEND_OUTCOME_UNCERTAIN
LOOKUPS = (5, 15, 60, 300)
ADDITIONAL_LOOKUP = 540
DUPLICATE, LOSS = pb.UNCERTAIN_SEND_POLICY_PREFER_DUPLICATE, pb.UNCERTAIN_SEND_POLICY_PREFER_LOSS
BY_RECEIPT, BY_RECORD = pb.SEND_RESOLUTION_RECEIPT, pb.SEND_RESOLUTION_RECORD
SENT_AGAIN = pb.SEND_RESOLUTION_SENT_AGAIN
TEXT = text("m1")
RECORDS = pytest.mark.needs("outbound_records")


async def lose_answer(
    messaging: Messaging, carrier: ScriptedCarrier, message: pb.OutboundMessage = TEXT
) -> CarrierRequest:
    """The attempt whose answer was lost."""
    carrier.always(None)
    assert (await messaging.send_one(message)).outcome == UNKNOWN
    carrier.script = carrier.takes
    return carrier.requests[-1]


async def send_at(
    messaging: Messaging,
    clock: ManualClock,
    seconds: Sequence[float],
    message: pb.OutboundMessage = TEXT,
) -> list[pb.SendMessageResult]:
    """Sends the message again at these times after now."""
    results, now = [], 0.0
    for time in seconds:
        clock.move(seconds=time - now)
        now = time
        results.append(await messaging.send_one(message))
    return results


@RECORDS
async def test_a_message_that_is_on_record_is_not_sent_again(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    attempt = await lose_answer(messaging, carrier)
    carrier.lists(record("mdr2-found", attempt.attributes, clock.now()))
    early, found, repeated = await send_at(messaging, clock, (4.5, 5, 5))
    assert early.outcome == UNKNOWN
    assert delay_of(early).total_seconds() == 0.5
    assert (found.outcome, found.state) == (ACCEPTED, pb.MESSAGE_STATE_SENT)
    assert found.resolution == BY_RECORD
    assert not found.HasField("retry_delay")
    assert repeated == found
    assert (await messaging.get("m1")).carrier_message_id == "mdr2-found"
    assert len(carrier.requests) == 1
    [listing] = carrier.listings
    assert listing.method == "GET"
    assert listing.basic_credentials == ("simulator", "simulator")
    # From half a minute before the attempt to half a minute from now, for clocks differ.
    assert listing.path == (
        "/v2.2/messages?start_date=2026-11-23T11:59:30.00Z"
        "&end_date=2026-11-23T12:00:35.00Z&limit=1000&offset=0"
    )


@RECORDS
async def test_a_message_that_is_not_on_record_is_sent_again_after_the_last_lookup(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    lost = await lose_answer(messaging, carrier)
    times = (1, *LOOKUPS[:3], 299, *LOOKUPS[3:], 301)
    *waiting, again, repeated = await send_at(messaging, clock, times)
    assert {result.outcome for result in waiting} == {UNKNOWN}
    assert all(result.HasField("retry_delay") for result in waiting)
    assert (again.outcome, again.resolution) == (ACCEPTED, SENT_AGAIN)
    assert repeated == again
    assert (len(carrier.listings), len(carrier.requests)) == (len(LOOKUPS), 2)
    assert carrier.requests[1].send_token != lost.send_token
    # A late receipt of the first attempt still updates it.
    await messaging.record(carrier.receipt(carrier.id_of("first"), "delivered", lost.send_token))
    result = await messaging.send_one(TEXT)
    assert (result.state, result.resolution) == (pb.MESSAGE_STATE_DELIVERED, SENT_AGAIN)


@pytest.mark.parametrize(
    ("listing", "policy", "outcome", "resolution"),
    [
        (response(500), DUPLICATE, ACCEPTED, pb.SEND_RESOLUTION_PREFERRED_DUPLICATE),
        (None, pb.UNCERTAIN_SEND_POLICY_UNSPECIFIED, UNKNOWN, pb.SEND_RESOLUTION_PREFERRED_LOSS),
    ],
)
async def test_where_the_records_cannot_be_read_the_policy_decides(
    messaging: Messaging,
    carrier: ScriptedCarrier,
    clock: ManualClock,
    listing: Answer,
    policy: pb.UncertainSendPolicy.ValueType,
    outcome: pb.SendOutcome.ValueType,
    resolution: pb.SendResolution.ValueType,
) -> None:
    message = text("m1", prefers=policy)
    lost = await lose_answer(messaging, carrier, message)
    carrier.always_lists(listing)
    times = (*LOOKUPS, 539, ADDITIONAL_LOOKUP, 541)
    *waiting, last, repeated = await send_at(messaging, clock, times, message)
    assert {result.outcome for result in waiting} == {UNKNOWN}
    assert (last.outcome, last.resolution) == (outcome, resolution)
    # It is final, so there is no retry delay.
    assert not last.HasField("retry_delay")
    assert repeated == last
    assert len(carrier.requests) == 1 + (outcome == ACCEPTED)
    if outcome == UNKNOWN:
        # A late receipt resolves even a message that was given up.
        await messaging.record(carrier.receipt(carrier.id_of("1"), "sent", lost.send_token))
        result = await messaging.send_one(message)
        assert (result.outcome, result.resolution) == (ACCEPTED, BY_RECEIPT)


@RECORDS
async def test_a_message_is_sent_again_eight_times_and_then_given_up(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    message = text("m1", prefers=DUPLICATE)
    carrier.always(response(500))
    results = [await messaging.send_one(message)]
    for _ in range(MAX_RESENDS + 1):
        clock.move(seconds=LOOKUPS[-1])
        results.append(await messaging.send_one(message))
    assert [result.resolution for result in results] == [
        *[pb.SEND_RESOLUTION_UNSPECIFIED] * (MAX_RESENDS + 1),
        pb.SEND_RESOLUTION_PREFERRED_LOSS,
    ]
    assert (results[-1].outcome, results[-1].HasField("retry_delay")) == (UNKNOWN, False)
    assert len(carrier.requests) == MAX_RESENDS + 1


@RECORDS
async def test_two_records_with_the_same_body_are_two_sends(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    # Curly quotes are straight on record, as they were sent.
    second = text("m2", "it\N{RIGHT SINGLE QUOTATION MARK}s me")
    await messaging.send_one(text("m1", "it's me"))
    attempt = await lose_answer(messaging, carrier, second)
    known = (await messaging.get("m1")).carrier_message_id
    carrier.lists(record(known, attempt.attributes, clock.now()))
    [waiting] = await send_at(messaging, clock, (5,), second)
    assert waiting.outcome == UNKNOWN
    both = [record(name, attempt.attributes, clock.now()) for name in (known, "mdr2-second")]
    carrier.lists(*both)
    [found] = await send_at(messaging, clock, (10,), second)
    assert found.resolution == BY_RECORD
    assert (await messaging.get("m2")).carrier_message_id == "mdr2-second"
    assert (await messaging.get("m1")).carrier_message_id == known


@RECORDS
async def test_a_message_that_is_to_be_sent_again_waits_while_the_carrier_is_unavailable(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    await lose_answer(messaging, carrier)
    carrier.always(response(503))
    [*_, unavailable] = await send_at(messaging, clock, LOOKUPS)
    assert unavailable.outcome == pb.SEND_OUTCOME_NOT_SENT
    carrier.script = carrier.takes
    clock.move(seconds=delay_of(unavailable).total_seconds())
    again = await messaging.send_one(TEXT)
    assert (again.outcome, again.resolution) == (ACCEPTED, SENT_AGAIN)
    # The lookups are not repeated.
    assert len(carrier.listings) == len(LOOKUPS)


@RECORDS
async def test_two_replicas_that_resolve_at_once_send_it_again_once_at_the_times_that_are_set(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    settings = settings_for(redis_url, carrier.url, lookups="0.5")
    async with serving(settings, clock) as first, serving(settings, clock) as second:
        await lose_answer(first, carrier)
        clock.move(seconds=0.5)
        results = await asyncio.gather(*(each.send_one(TEXT) for each in (first, second)))
        assert ACCEPTED in {result.outcome for result in results}
        assert (await second.send_one(TEXT)).outcome == ACCEPTED
    assert len(carrier.requests) == 2


async def test_a_receipt_that_overtakes_a_failed_answer_resolves_the_send(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    async def receipt_first(request: CarrierRequest) -> bytes:
        await messaging.record(carrier.receipt(carrier.id_of("1"), "delivered", request.send_token))
        return response(500)

    carrier.script = receipt_first
    result = await messaging.send_one(TEXT)
    assert (result.outcome, result.state) == (ACCEPTED, pb.MESSAGE_STATE_DELIVERED)
    assert result.resolution == BY_RECEIPT


@RECORDS
async def test_a_parked_receipt_is_applied_when_its_record_is_found(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    attempt = await lose_answer(messaging, carrier)
    [unmatched] = await messaging.record(carrier.receipt("mdr2-1", "opted out"))
    assert not unmatched.HasField("message")
    carrier.lists(record("mdr2-1", attempt.attributes, clock.now()))
    [found] = await send_at(messaging, clock, (5,))
    assert (found.outcome, found.state) == (ACCEPTED, pb.MESSAGE_STATE_UNDELIVERED)
    assert (found.resolution, found.failure.carrier_code) == (BY_RECORD, "1110")
