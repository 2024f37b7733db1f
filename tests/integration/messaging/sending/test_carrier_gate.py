from datetime import timedelta

from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from support.clock import ManualClock
from support.fakes.scripted_carrier import ScriptedCarrier, response
from support.rate_time import pass_rate_time
from support.services.messaging_service import (
    BOB,
    CAROL,
    Messaging,
    delay_of,
    reason_of,
    serving,
    settings_for,
    text,
)

ACCEPTED, NOT_SENT = pb.SEND_OUTCOME_SENT, pb.SEND_OUTCOME_NOT_SENT


def seconds(result: pb.SendMessageResult) -> float:
    return delay_of(result).total_seconds()


async def test_a_message_beyond_the_rate_is_not_posted_and_has_a_retry_delay(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    async with serving(
        settings_for(redis_url, carrier.url, per_second=0.01), clock, carrier.open
    ) as messaging:
        assert (await messaging.send_one(text("m1"))).outcome == ACCEPTED
        paced = await messaging.send_one(text("m2", to=BOB))
        assert (paced.outcome, reason_of(paced), seconds(paced)) == (NOT_SENT, "SEND_PACED", 1.0)
        assert len(carrier.requests) == 1
        await pass_rate_time(redis, timedelta(minutes=2))
        assert (await messaging.send_one(text("m2", to=BOB))).outcome == ACCEPTED


async def test_a_message_that_was_sent_before_takes_nothing_of_the_rate(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    async with serving(
        settings_for(redis_url, carrier.url, per_second=0.01), clock, carrier.open
    ) as messaging:
        first = await messaging.send_one(text("m1"))
        await pass_rate_time(redis, timedelta(minutes=2))
        assert await messaging.send_one(text("m1")) == first
        assert (await messaging.send_one(text("m2", to=BOB))).outcome == ACCEPTED


async def test_a_429_slows_all_messages_down(
    messaging: Messaging, carrier: ScriptedCarrier, redis: Redis
) -> None:
    carrier.always(response(429))
    limited = await messaging.send_one(text("m1"))
    assert reason_of(limited) == "CARRIER_RATE_LIMITED"
    other = await messaging.send_one(text("m2", to=BOB))
    assert (other.outcome, reason_of(other)) == (NOT_SENT, "SEND_PACED")
    assert len(carrier.requests) == 1
    # A second 429 doubles the delay, unless a message was accepted between.
    await pass_rate_time(redis, delay_of(limited))
    assert seconds(await messaging.send_one(text("m1"))) == 2 * seconds(limited)
    for sent in ("m1", "m3"):
        carrier.script = carrier.takes
        await pass_rate_time(redis, timedelta(minutes=1))
        assert (await messaging.send_one(text(sent))).outcome == ACCEPTED
        carrier.always(response(429))
    assert seconds(await messaging.send_one(text("m2", to=BOB))) == seconds(limited)


async def test_a_refused_message_is_charged_as_one_request_and_uses_no_budget(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    async with serving(
        settings_for(redis_url, carrier.url, per_second=0.01), clock, carrier.open
    ) as messaging:
        long, short = text("m1", "x" * 10_000), text("m2", to=BOB)
        for each in (long, short):
            each.campaign_budget.segments_per_day = 72
        carrier.always(response(422))
        assert (await messaging.send_one(long)).outcome == pb.SEND_OUTCOME_REJECTED
        carrier.script = carrier.takes
        # A unit lasts 105 seconds; 72 would last two hours.
        await pass_rate_time(redis, timedelta(seconds=106))
        assert (await messaging.send_one(short)).outcome == ACCEPTED


async def test_a_carrier_that_keeps_failing_is_not_called_and_then_probed_with_one_message(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    budgeted = [text(f"b{at}", to=CAROL) for at in range(2)]
    for each in budgeted:
        each.campaign_budget.segments_per_minute = 1
    await messaging.send_one(budgeted[0])
    carrier.always(response(503))
    for at in range(5):
        await messaging.send_one(text(f"m{at}"))
    held = await messaging.send_one(text("m5"))
    assert (held.outcome, reason_of(held)) == (NOT_SENT, "CARRIER_UNAVAILABLE")
    assert 0 < seconds(held) <= 1
    assert len(carrier.requests) == 6
    clock.move(seconds=seconds(held))
    carrier.script = carrier.takes
    # A message that the rate limiter delays is not the probe, nor one that was sent before.
    assert (await messaging.send_one(budgeted[0])).outcome == ACCEPTED
    assert reason_of(await messaging.send_one(budgeted[1])) == "SEND_PACED"
    assert (await messaging.send_one(text("m5"))).outcome == ACCEPTED
    assert (await messaging.send_one(text("m6"))).outcome == ACCEPTED


async def test_refused_keys_stop_all_sends_and_refuse_no_message(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    carrier.always(response(401))
    for message in (text("m1"), text("m2", to=BOB)):
        result = await messaging.send_one(message)
        assert (result.outcome, reason_of(result)) == (NOT_SENT, "CARRIER_CREDENTIALS_REJECTED")
        assert seconds(result) == 60.0
    assert len(carrier.requests) == 1
    clock.move(minutes=1)
    carrier.script = carrier.takes
    for message in (text("m1"), text("m2", to=BOB)):
        assert (await messaging.send_one(message)).outcome == ACCEPTED


async def test_curly_quotes_are_sent_straight_and_segments_are_counted_by_the_carriers_rule(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    curly = text("m1", "\u201cit\u2019s\u201d" + "x" * 150)
    assert (await messaging.send_one(curly)).segment_count == 1
    assert carrier.bodies() == ['"it\'s"' + "x" * 150]
    for _ in range(2):
        assert (await messaging.send_one(text("m2", "\N{SNOWMAN}" * 71))).segment_count == 2
