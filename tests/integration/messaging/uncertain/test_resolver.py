"""An uncertain send is looked up and found, sent again or given up."""

import asyncio

import pytest
from integration.messaging.uncertain.lost_answers import (
    ACCEPTED,
    DUPLICATE,
    LOOKUPS,
    LOSS,
    LOST,
    MADE_UP_LOOK,
    NOT_SENT,
    UNKNOWN,
    ask_at,
    lose_answer,
)
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from messaging_service.uncertain.schedule import MAX_RESENDS
from support.clock import ManualClock
from support.messaging_service import Messaging, serving, settings_for, text
from support.scripted_carrier import (
    Answer,
    CarrierRequest,
    ScriptedCarrier,
    record,
    response,
)


@pytest.mark.parametrize("answer", LOST.values(), ids=LOST.keys())
async def test_a_message_that_is_on_record_is_not_sent_again(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock, answer: Answer
) -> None:
    attempt = await lose_answer(messaging, carrier, text("m1"), answer)
    carrier.lists(record("mdr2-found", attempt.attributes, clock.now()))
    early, found, repeated = await ask_at(messaging, clock, text("m1"), (4.5, 5, 5))
    assert early.outcome == UNKNOWN
    assert early.retry_delay.ToTimedelta().total_seconds() == 0.5
    assert (found.outcome, found.state) == (ACCEPTED, pb.MESSAGE_STATE_SENT)
    assert found.resolution == pb.UNKNOWN_RESOLUTION_RECORD
    assert not found.HasField("retry_delay")
    assert repeated == found
    assert (await messaging.get("m1")).carrier_message_id == "mdr2-found"
    assert (len(carrier.requests), len(carrier.listings)) == (1, 1)


async def test_a_lookup_requests_the_records_as_flowroute_documents_it(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    await lose_answer(messaging, carrier, text("m1"), None)
    await ask_at(messaging, clock, text("m1"), (5,))
    [listing] = carrier.listings
    assert listing.method == "GET"
    assert listing.basic_credentials == ("simulator", "simulator")
    # From half a minute before the attempt to half a minute from now, for clocks differ.
    assert listing.path == (
        "/v2.2/messages?start_date=2026-11-23T11:59:30.00Z"
        "&end_date=2026-11-23T12:00:35.00Z&limit=1000&offset=0"
    )


async def test_a_message_that_is_not_on_record_is_sent_again_after_the_last_lookup(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    lost = await lose_answer(messaging, carrier, text("m1"), None)
    *waiting, again, repeated = await ask_at(
        messaging, clock, text("m1"), (1, *LOOKUPS[:3], 299, *LOOKUPS[3:], 301)
    )
    assert {result.outcome for result in waiting} == {UNKNOWN}
    assert all(result.HasField("retry_delay") for result in waiting)
    assert (again.outcome, again.resolution) == (ACCEPTED, pb.UNKNOWN_RESOLUTION_SENT_AGAIN)
    assert repeated == again
    assert len(carrier.listings) == len(LOOKUPS)
    assert len(carrier.requests) == 2
    assert carrier.requests[1].send_token != lost.send_token


async def test_a_record_that_appears_late_is_found_by_a_later_lookup(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    attempt = await lose_answer(messaging, carrier, text("m1"), None)
    sent = clock.now()
    early = await ask_at(messaging, clock, text("m1"), (5, 15))
    assert {result.outcome for result in early} == {UNKNOWN}
    carrier.lists(record("mdr2-late", attempt.attributes, sent))
    clock.move(seconds=45)
    found = await messaging.send_one(text("m1"))
    assert found.resolution == pb.UNKNOWN_RESOLUTION_RECORD
    assert len(carrier.requests) == 1


async def test_a_late_repeat_makes_one_lookup_for_all_that_were_due(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    await lose_answer(messaging, carrier, text("m1"), None)
    [again] = await ask_at(messaging, clock, text("m1"), (3600,))
    assert again.resolution == pb.UNKNOWN_RESOLUTION_SENT_AGAIN
    assert len(carrier.listings) == 1


@pytest.mark.parametrize(
    ("listing", "prefers", "outcome", "resolution", "posts"),
    [
        (response(500), DUPLICATE, ACCEPTED, pb.UNKNOWN_RESOLUTION_PREFERRED_DUPLICATE, 2),
        *(
            (listing, prefers, UNKNOWN, pb.UNKNOWN_RESOLUTION_PREFERRED_LOSS, 1)
            for listing, prefers in (
                (response(404), LOSS),
                (response(429), LOSS),
                (response(200, b"<html>"), pb.UNKNOWN_POLICY_UNSPECIFIED),
                (None, LOSS),
            )
        ),
    ],
    ids=["500", "404", "429", "unreadable", "broken off"],
)
async def test_where_the_records_cannot_be_read_the_policy_decides(
    messaging: Messaging,
    carrier: ScriptedCarrier,
    clock: ManualClock,
    listing: Answer,
    prefers: pb.UnknownPolicy.ValueType,
    outcome: pb.SendOutcome.ValueType,
    resolution: pb.UnknownResolution.ValueType,
    posts: int,
) -> None:
    message = text("m1", prefers=prefers)
    await lose_answer(messaging, carrier, message, None)
    carrier.always_lists(listing)
    *waiting, last, repeated = await ask_at(
        messaging, clock, message, (*LOOKUPS, 539, MADE_UP_LOOK, 541)
    )
    assert {result.outcome for result in waiting} == {UNKNOWN}
    assert (last.outcome, last.resolution) == (outcome, resolution)
    # Without a delay there is nothing to ask again for.
    assert not last.HasField("retry_delay")
    assert repeated == last
    assert len(carrier.requests) == posts


async def test_one_complete_additional_lookup_is_enough(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    message = text("m1", prefers=LOSS)
    await lose_answer(messaging, carrier, message, None)
    carrier.always_lists(response(503))
    await ask_at(messaging, clock, message, LOOKUPS)
    carrier.lists()
    clock.move(seconds=MADE_UP_LOOK - LOOKUPS[-1])
    assert (await messaging.send_one(message)).resolution == pb.UNKNOWN_RESOLUTION_SENT_AGAIN


async def test_more_pages_than_are_read_prove_nothing(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    message = text("m1", prefers=LOSS)
    await lose_answer(messaging, carrier, message, None)
    other = record("mdr2-other", {"from": "1", "to": "2", "body": "x"}, clock.now())
    carrier.lists({**other, "attributes": {"direction": "inbound"}}, more=True)
    [*_, last] = await ask_at(messaging, clock, message, (*LOOKUPS, MADE_UP_LOOK))
    assert last.resolution == pb.UNKNOWN_RESOLUTION_PREFERRED_LOSS
    assert len(carrier.listings) == 5 * 5


async def test_a_message_is_sent_again_eight_times_and_then_given_up(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    message = text("m1", prefers=DUPLICATE)
    carrier.always(response(500))
    outcomes = [(await messaging.send_one(message)).resolution]
    for _ in range(MAX_RESENDS + 1):
        clock.move(seconds=LOOKUPS[-1])
        result = await messaging.send_one(message)
        outcomes.append(result.resolution)
    assert outcomes == [
        *[pb.UNKNOWN_RESOLUTION_UNSPECIFIED] * (MAX_RESENDS + 1),
        pb.UNKNOWN_RESOLUTION_PREFERRED_LOSS,
    ]
    assert (result.outcome, result.HasField("retry_delay")) == (UNKNOWN, False)
    assert len(carrier.requests) == MAX_RESENDS + 1


async def test_a_record_from_when_the_attempt_began_is_found_however_long_it_took(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    began = clock.now()

    async def slow(_: CarrierRequest) -> bytes:
        clock.move(minutes=1)
        return response(500)

    carrier.script = slow
    await messaging.send_one(text("m1"))
    carrier.lists(record("mdr2-1", carrier.requests[0].attributes, began))
    [found] = await ask_at(messaging, clock, text("m1"), (5,))
    assert found.resolution == pb.UNKNOWN_RESOLUTION_RECORD


async def test_the_record_of_the_first_attempt_counts_even_if_the_second_is_uncertain_too(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    began = clock.now()
    carrier.always(response(500))
    await messaging.send_one(text("m1"))
    clock.move(seconds=LOOKUPS[-1])
    assert (await messaging.send_one(text("m1"))).outcome == UNKNOWN
    carrier.lists(record("mdr2-first", carrier.requests[0].attributes, began))
    [found] = await ask_at(messaging, clock, text("m1"), (5,))
    assert found.resolution == pb.UNKNOWN_RESOLUTION_RECORD
    assert len(carrier.requests) == 2


async def test_one_record_is_one_send(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    # Both have the same words for the same person.
    first = await messaging.send_one(text("m1"))
    assert first.outcome == ACCEPTED
    attempt = await lose_answer(messaging, carrier, text("m2"), None)
    known = (await messaging.get("m1")).carrier_message_id
    carrier.lists(record(known, attempt.attributes, clock.now()))
    [*_, again] = await ask_at(messaging, clock, text("m2"), LOOKUPS)
    assert again.resolution == pb.UNKNOWN_RESOLUTION_SENT_AGAIN
    assert (await messaging.get("m1")).carrier_message_id == known


async def test_two_records_with_the_same_body_are_two_sends(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    await messaging.send_one(text("m1"))
    attempt = await lose_answer(messaging, carrier, text("m2"), None)
    known = (await messaging.get("m1")).carrier_message_id
    both = [record(name, attempt.attributes, clock.now()) for name in (known, "mdr2-second")]
    carrier.lists(*both)
    [found] = await ask_at(messaging, clock, text("m2"), (5,))
    assert found.resolution == pb.UNKNOWN_RESOLUTION_RECORD
    assert (await messaging.get("m2")).carrier_message_id == "mdr2-second"


async def test_two_uncertain_sends_with_the_same_body_share_no_record(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    await lose_answer(messaging, carrier, text("m1"), None)
    attempt = await lose_answer(messaging, carrier, text("m2"), None)
    carrier.lists(record("mdr2-1", attempt.attributes, clock.now()))
    clock.move(seconds=5)
    first, second = [await messaging.send_one(text(name)) for name in ("m1", "m2")]
    assert (first.outcome, second.outcome) == (ACCEPTED, UNKNOWN)


async def test_curly_quotes_are_straight_on_record_as_they_were_sent(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    message = text("m1", "it\N{RIGHT SINGLE QUOTATION MARK}s me")
    attempt = await lose_answer(messaging, carrier, message, None)
    assert attempt.attributes["body"] == "it's me"
    carrier.lists(record("mdr2-1", attempt.attributes, clock.now()))
    [found] = await ask_at(messaging, clock, message, (5,))
    assert found.resolution == pb.UNKNOWN_RESOLUTION_RECORD


async def test_a_message_that_is_to_be_sent_again_waits_while_the_carrier_is_unavailable(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    await lose_answer(messaging, carrier, text("m1"), None)
    carrier.always(response(503))
    [*_, away] = await ask_at(messaging, clock, text("m1"), LOOKUPS)
    assert away.outcome == NOT_SENT
    carrier.script = carrier.takes
    clock.move(seconds=away.retry_delay.ToTimedelta().total_seconds())
    again = await messaging.send_one(text("m1"))
    assert (again.outcome, again.resolution) == (ACCEPTED, pb.UNKNOWN_RESOLUTION_SENT_AGAIN)
    # Nothing is looked into twice.
    assert len(carrier.listings) == len(LOOKUPS)


async def test_two_replicas_that_resolve_at_once_send_it_again_once(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    settings = settings_for(redis_url, carrier.url)
    async with serving(settings, clock) as one, serving(settings, clock) as other:
        await lose_answer(one, carrier, text("m1"), None)
        clock.move(seconds=LOOKUPS[-1])
        results = await asyncio.gather(*(each.send_one(text("m1")) for each in (one, other)))
        assert ACCEPTED in {result.outcome for result in results}
        assert (await other.send_one(text("m1"))).outcome == ACCEPTED
    assert len(carrier.requests) == 2


async def test_the_schedule_is_a_setting(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    settings = settings_for(redis_url, carrier.url, lookups="0.5")
    async with serving(settings, clock) as messaging:
        await lose_answer(messaging, carrier, text("m1"), None)
        [again] = await ask_at(messaging, clock, text("m1"), (0.5,))
    assert again.resolution == pb.UNKNOWN_RESOLUTION_SENT_AGAIN
