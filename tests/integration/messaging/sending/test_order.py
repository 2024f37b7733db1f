"""Messages of one route leave in order; different routes do not wait for each other."""

import asyncio

from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from support.fakes.scripted_carrier import CarrierRequest, ScriptedCarrier, response
from support.rate_time import pass_rate_time
from support.services.messaging_service import ALICE, BOB, Messaging, delay_of, reason_of, text

ACCEPTED, NOT_SENT = pb.SEND_OUTCOME_SENT, pb.SEND_OUTCOME_NOT_SENT
UNKNOWN = pb.SEND_OUTCOME_UNCERTAIN
PEOPLE = (("alice", ALICE), ("bob", BOB))


async def test_messages_of_one_recipient_leave_in_order_and_others_do_not_wait(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    gates = {ALICE: asyncio.Event(), BOB: asyncio.Event()}
    arrived = asyncio.Queue[str]()

    async def gated(request: CarrierRequest) -> bytes:
        arrived.put_nowait(request.body)
        await gates[request.to_number].wait()
        return await carrier.takes(request)

    carrier.script = gated
    batch = [text(f"{who}{at}", f"{who}{at}", to=to) for at in range(3) for who, to in PEOPLE]
    sending = asyncio.create_task(messaging.send(*batch))
    # Both first texts are under way at once, and nothing else.
    assert {await arrived.get(), await arrived.get()} == {"alice0", "bob0"}
    gates[BOB].set()
    assert [await arrived.get(), await arrived.get()] == ["bob1", "bob2"]
    gates[ALICE].set()
    results = await sending
    assert [result.message_id for result in results] == [item.message_id for item in batch]
    assert [body for body in carrier.bodies() if body.startswith("alice")] == [
        "alice0",
        "alice1",
        "alice2",
    ]


async def test_a_message_that_was_not_sent_delays_later_ones_of_its_recipient_only(
    messaging: Messaging, carrier: ScriptedCarrier, redis: Redis
) -> None:
    async def refuses_to_hurry(request: CarrierRequest) -> bytes:
        limited = request.body == "second"
        return response(429) if limited else await carrier.takes(request)

    carrier.script = refuses_to_hurry
    results = await messaging.send(
        text("m1", "first"),
        text("m2", "second"),
        text("m3", "third"),
        text("m4", "elsewhere", to=BOB),
    )
    assert [result.outcome for result in results] == [ACCEPTED, NOT_SENT, NOT_SENT, ACCEPTED]
    assert {reason_of(result) for result in results[1:3]} == {"CARRIER_RATE_LIMITED"}
    assert all(delay_of(result).total_seconds() > 0 for result in results[1:3])
    assert "third" not in carrier.bodies()

    carrier.script = carrier.takes
    await pass_rate_time(redis, delay_of(results[1]))
    again = await messaging.send(text("m2", "second"), text("m3", "third"))
    assert [result.outcome for result in again] == [ACCEPTED, ACCEPTED]
    assert [body for body in carrier.bodies() if body != "elsewhere"] == [
        "first",
        "second",
        "second",
        "third",
    ]


async def test_an_uncertain_send_delays_the_next_message_until_it_is_resolved(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    async def fails_once(request: CarrierRequest) -> bytes:
        lost = request.body == "first"
        return response(500) if lost else await carrier.takes(request)

    carrier.script = fails_once
    first, second = await messaging.send(text("m1", "first"), text("m2", "second"))
    assert (first.outcome, second.outcome) == (UNKNOWN, NOT_SENT)
    assert reason_of(second) == "SEND_IN_PROGRESS"
    assert delay_of(second) == delay_of(first)

    await messaging.record(
        carrier.receipt(carrier.id_of("1"), "sent", carrier.requests[0].send_token)
    )
    results = await messaging.send(text("m1", "first"), text("m2", "second"))
    assert [result.outcome for result in results] == [ACCEPTED, ACCEPTED]
    assert carrier.bodies() == ["first", "second"]
