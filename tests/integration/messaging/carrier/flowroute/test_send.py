"""What each answer or failure of the carrier means for a message and for its repeat."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.error_reason_pb2 import ErrorReason
from messaging_service.model.carrier_ids import is_carrier_id
from support.clock import ManualClock
from support.messaging_service import ALICE, Messaging, serving, settings_for, text
from support.ports import free_port
from support.scripted_carrier import (
    CarrierRequest,
    ScriptedCarrier,
    accepted,
    record,
    response,
)

OPTED_OUT = {"errors": [{"status": 400, "title": None, "detail": {"error code": 1110}}]}
ECHO = {"errors": [{"status": 422, "detail": f"{ALICE} cannot be sent 'hello'"}]}

REFUSALS = [
    (response(400, OPTED_OUT), "RECIPIENT_OPTED_OUT"),
    (response(400, ECHO), "CARRIER_REFUSED"),
    (response(403, b"<html>no</html>"), "CARRIER_ACCOUNT_REFUSED"),
    (response(302, headers={"Location": "http://127.0.0.1:1/elsewhere"}), "CARRIER_REFUSED"),
]

NOT_SENT = [
    (response(429, headers={"Retry-After": "30"}), "CARRIER_RATE_LIMITED", 30.0),
    (response(429, headers={"Retry-After": "999999999999"}), "CARRIER_RATE_LIMITED", 60.0),
    (response(503), "CARRIER_UNAVAILABLE", 5.0),
    (response(401), "CARRIER_ACCOUNT_REFUSED", 60.0),
]

HEAD = b"HTTP/1.1 202 Accepted\r\n"

UNKNOWN = {
    "500": response(500),
    "broken off before the answer": None,
    "broken off within the head": b"HTTP/1.1 202",
    "broken off within the body": HEAD + b'Content-Length: 100\r\n\r\n{"data"',
    "no HTTP at all": b"hello\r\n\r\n",
    "202 without a body": HEAD + b"Content-Length: 0\r\n\r\n",
    "202 larger than any answer": response(202, b" " * 70_000 + b'{"data":{"id":"mdr2-1"}}'),
}


@pytest.mark.parametrize(("answer", "reason"), REFUSALS)
async def test_a_refusal_is_final_and_its_repeat_does_not_call_the_carrier(
    messaging: Messaging, carrier: ScriptedCarrier, answer: bytes, reason: str
) -> None:
    carrier.always(answer)
    result = await messaging.send_one(text("m1"))
    assert (result.outcome, result.state) == (pb.SEND_OUTCOME_REFUSED, pb.MESSAGE_STATE_REFUSED)
    assert ErrorReason.Name(result.error.reason) == f"ERROR_REASON_{reason}"
    # Nothing that the carrier wrote is passed on.
    assert "555" not in result.error.message
    assert "hello" not in result.error.message

    assert await messaging.send_one(text("m1")) == result
    assert len(carrier.requests) == 1


@pytest.mark.parametrize(("answer", "reason", "delay"), NOT_SENT)
async def test_a_message_that_was_not_sent_has_a_retry_delay_and_is_sent_then(
    messaging: Messaging,
    carrier: ScriptedCarrier,
    clock: ManualClock,
    answer: bytes,
    reason: str,
    delay: float,
) -> None:
    carrier.always(answer)
    result = await messaging.send_one(text("m1"))
    assert result.outcome == pb.SEND_OUTCOME_NOT_SENT
    assert result.state == pb.MESSAGE_STATE_ACCEPTED
    assert ErrorReason.Name(result.error.reason) == f"ERROR_REASON_{reason}"
    assert result.retry_delay.ToTimedelta().total_seconds() == delay

    carrier.script = carrier.takes
    clock.move(seconds=delay)
    assert (await messaging.send_one(text("m1"))).outcome == pb.SEND_OUTCOME_ACCEPTED
    first, second = carrier.requests
    assert first.send_token != second.send_token


async def test_the_accept_time_is_that_of_the_first_try(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    first_taken = clock.now()
    carrier.always(response(503))
    await messaging.send_one(text("m1"))
    clock.move(minutes=1)
    carrier.script = carrier.takes
    await messaging.send_one(text("m1"))
    message = await messaging.get("m1")
    assert message.accept_time.ToDatetime(first_taken.tzinfo) == first_taken
    assert message.update_time.ToDatetime(first_taken.tzinfo) == clock.now()


@pytest.mark.parametrize("odd", ["x" * 129, "mdr2 with words", f"mdr2-{ALICE}", 7])
async def test_a_message_that_was_accepted_under_a_malformed_id_is_found_by_its_token(
    messaging: Messaging, carrier: ScriptedCarrier, redis: Redis, odd: object
) -> None:
    carrier.always(response(202, {"data": {"id": odd}}))
    result = await messaging.send_one(text("m1"))
    assert (result.outcome, result.state) == (pb.SEND_OUTCOME_ACCEPTED, pb.MESSAGE_STATE_SENT)
    assert await messaging.send_one(text("m1")) == result
    assert len(carrier.requests) == 1
    # No key and no field repeats what the carrier wrote.
    known = (await messaging.get("m1")).carrier_message_id
    assert is_carrier_id(known)
    assert known == str(odd) or str(odd) not in str(await redis.keys()) + known
    assert len([key async for key in redis.scan_iter(f"*{{{known}}}:carrier")]) == 1
    token = carrier.requests[0].send_token
    receipt = pb.DeliveryReceipt(carrier_message_id="mdr2-1", send_token=token, status_code=1004)
    [recorded] = await messaging.record(receipt)
    assert recorded.message.state == pb.MESSAGE_STATE_DELIVERED


async def test_a_record_with_a_malformed_id_resolves_one_uncertain_send_only(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    first, second = text("m1"), text("m2")
    carrier.always(response(202, {"data": {"id": "odd one"}}))
    await messaging.send_one(first)
    carrier.always(None)
    await messaging.send_one(second)
    [sent, lost] = carrier.requests
    # The first text's record is no proof of the second one; a record of its own is.
    carrier.lists(record("odd one", sent.attributes, clock.now()))
    clock.move(seconds=5)
    waiting = await messaging.send_one(second)
    assert (waiting.outcome, len(carrier.listings)) == (pb.SEND_OUTCOME_UNKNOWN, 1)
    mine = record("odd two", lost.attributes, clock.now())
    carrier.lists(mine, record("odd one", sent.attributes, clock.now()))
    clock.move(seconds=10)
    found = await messaging.send_one(second)
    assert found.outcome == pb.SEND_OUTCOME_ACCEPTED
    assert found.resolution == pb.UNKNOWN_RESOLUTION_RECORD
    assert len(carrier.requests) == 2


@pytest.mark.parametrize("answer", UNKNOWN.values(), ids=UNKNOWN.keys())
async def test_an_uncertain_send_is_not_simply_repeated(
    messaging: Messaging, carrier: ScriptedCarrier, answer: bytes | None
) -> None:
    carrier.always(answer)
    carrier.hangs_up = True
    result = await messaging.send_one(text("m1"))
    assert (result.outcome, result.state) == (pb.SEND_OUTCOME_UNKNOWN, pb.MESSAGE_STATE_UNKNOWN)
    assert result.resolution == pb.UNKNOWN_RESOLUTION_UNSPECIFIED
    # A receipt may come at any moment.
    assert result.retry_delay.ToTimedelta().total_seconds() == 2.0

    carrier.script = carrier.takes
    assert await messaging.send_one(text("m1")) == result
    assert len(carrier.requests) == 1


async def test_a_connection_that_breaks_on_its_second_use_leaves_the_message_unknown(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    assert (await messaging.send_one(text("m1"))).outcome == pb.SEND_OUTCOME_ACCEPTED
    carrier.always(None)
    assert (await messaging.send_one(text("m2"))).outcome == pb.SEND_OUTCOME_UNKNOWN
    assert len(carrier.requests) == 2


async def test_a_carrier_that_never_answers_leaves_the_message_unknown(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    carrier.script = _never
    settings = settings_for(redis_url, carrier.url, timeout_seconds=0.2)
    async with serving(settings, clock) as messaging:
        result = await messaging.send_one(text("m1"))
    assert result.outcome == pb.SEND_OUTCOME_UNKNOWN
    assert len(carrier.requests) == 1


async def test_an_answer_that_trickles_in_without_end_leaves_the_message_unknown(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    carrier.always(_endless(b" ", pause_seconds=0.02))
    settings = settings_for(redis_url, carrier.url, timeout_seconds=0.4)
    async with serving(settings, clock) as messaging:
        assert (await messaging.send_one(text("m1"))).outcome == pb.SEND_OUTCOME_UNKNOWN


async def test_an_answer_without_end_is_not_read_to_its_end(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    # Read to the send timeout it would be UNKNOWN.
    carrier.always(_endless(b" " * 8192, pause_seconds=0, status="422 Unprocessable Entity"))
    assert (await messaging.send_one(text("m1"))).outcome == pb.SEND_OUTCOME_REFUSED


async def test_a_carrier_that_cannot_be_reached_has_nothing(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    settings = settings_for(redis_url, f"http://127.0.0.1:{free_port()}")
    async with serving(settings, clock) as messaging:
        result = await messaging.send_one(text("m1"))
    assert result.outcome == pb.SEND_OUTCOME_NOT_SENT
    assert result.error.reason == ErrorReason.ERROR_REASON_CARRIER_UNAVAILABLE


async def test_a_redirect_is_not_followed_for_it_would_take_the_credentials_along(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    carrier.always(response(307, headers={"Location": f"{carrier.url}/elsewhere"}))
    await messaging.send_one(text("m1"))
    assert [request.path for request in carrier.requests] == ["/v2.2/messages"]


async def test_a_slow_carrier_delays_only_its_own_calls(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    go = asyncio.Event()

    async def slow(_: CarrierRequest) -> bytes:
        await go.wait()
        return accepted("mdr2-1")

    carrier.script = slow
    sending = asyncio.create_task(messaging.send_one(text("m1")))
    # Other calls are answered meanwhile.
    await messaging.record(pb.DeliveryReceipt(carrier_message_id="mdr2-other", status_code=1004))
    assert not sending.done()
    go.set()
    assert (await sending).outcome == pb.SEND_OUTCOME_ACCEPTED


async def _endless(
    piece: bytes, *, pause_seconds: float, status: str = "202 Accepted"
) -> AsyncIterator[bytes]:
    yield f"HTTP/1.1 {status}\r\nContent-Length: 1000000000000\r\n\r\n".encode()
    while True:
        yield piece
        await asyncio.sleep(pause_seconds)


async def _never(_: CarrierRequest) -> bytes:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")
