"""What each answer or failure of the carrier means for a message and for its repeat."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from messaging_service.model.carrier_ids import is_carrier_id
from support.clock import ManualClock
from support.fakes.scripted_carrier import Answer, CarrierRequest, ScriptedCarrier, response
from support.rate_time import pass_rate_time
from support.services.messaging_service import (
    ALICE,
    MASKED,
    Messaging,
    delay_of,
    reason_of,
    receipt,
    serving,
    settings_for,
    text,
)

ACCEPTED, UNKNOWN = pb.SEND_OUTCOME_SENT, pb.SEND_OUTCOME_UNCERTAIN
NOT_SENT, REFUSED = pb.SEND_OUTCOME_NOT_SENT, pb.SEND_OUTCOME_REJECTED
OPTED_OUT = {"errors": [{"status": 400, "detail": "error code 1110: hello, +14255550111"}]}
HEAD = b"HTTP/1.1 202 Accepted\r\n"


async def test_a_message_is_posted_as_flowroute_documents_it(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    result = await messaging.send_one(text("m1", "héllo \N{SNOWMAN}"))
    assert (result.message_id, result.outcome) == ("m1", ACCEPTED)
    assert result.state == pb.MESSAGE_STATE_SENT
    assert not result.HasField("error")
    assert not result.HasField("retry_delay")

    [request] = carrier.requests
    assert (request.method, request.path) == ("POST", "/v2.2/messages")
    assert request.headers["content-type"] == "application/vnd.api+json"
    assert request.basic_credentials == ("simulator", "simulator")
    assert request.attributes == {
        "to": ALICE,
        "from": MASKED,
        "body": "héllo \N{SNOWMAN}",
        "dlr_callback": f"https://relay.example/api/receipt/attempt/{request.send_token}",
    }


async def test_a_refusal_is_final_and_its_repeat_does_not_call_the_carrier(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    rows: dict[str, Answer] = {
        "OPTED_OUT": response(400, OPTED_OUT),
        "SENDER_NOT_AUTHORIZED": response(403, b"<html>no</html>"),
        # Read until the send timeout it would be UNKNOWN.
        "CARRIER_REJECTED": _endless(b" " * 8192, pause_seconds=0, status="422 Unprocessable"),
    }
    for at, (name, answer) in enumerate(rows.items()):
        carrier.always(answer)
        result = await messaging.send_one(text(f"m{at}"))
        failure = pb.Failure(reason=pb.FailureReason.Value(f"FAILURE_REASON_{name}"))
        assert (result.outcome, result.failure) == (REFUSED, failure)
        assert result.state == pb.MESSAGE_STATE_FAILED
        assert not result.HasField("error")
        assert await messaging.send_one(text(f"m{at}")) == result
    assert len(carrier.requests) == len(rows)


@pytest.mark.parametrize(
    ("answer", "name", "delay"),
    [
        (response(429, headers={"Retry-After": "30"}), "CARRIER_RATE_LIMITED", 30.0),
        (response(429, headers={"Retry-After": "999999999999"}), "CARRIER_RATE_LIMITED", 60.0),
        (response(503), "CARRIER_UNAVAILABLE", 5.0),
    ],
)
async def test_a_message_that_was_not_sent_has_a_retry_delay_and_is_sent_then(
    messaging: Messaging,
    carrier: ScriptedCarrier,
    redis: Redis,
    clock: ManualClock,
    answer: bytes,
    name: str,
    delay: float,
) -> None:
    accept_time = clock.now()
    carrier.always(answer)
    result = await messaging.send_one(text("m1"))
    assert (result.outcome, reason_of(result)) == (NOT_SENT, name)
    assert result.state == pb.MESSAGE_STATE_ACCEPTED
    assert delay_of(result).total_seconds() == delay

    carrier.script = carrier.takes
    clock.move(seconds=delay)
    await pass_rate_time(redis, timedelta(seconds=delay))
    assert (await messaging.send_one(text("m1"))).outcome == ACCEPTED
    first, second = carrier.requests
    assert first.send_token != second.send_token
    message = await messaging.get("m1")
    assert message.create_time.ToDatetime(accept_time.tzinfo) == accept_time
    assert message.update_time.ToDatetime(accept_time.tzinfo) == clock.now()


async def test_a_message_that_was_accepted_under_a_malformed_id_is_found_by_its_token(
    messaging: Messaging, carrier: ScriptedCarrier, redis: Redis
) -> None:
    malformed = "mdr2 with +14255550111"
    carrier.always(response(202, {"data": {"id": malformed}}))
    result = await messaging.send_one(text("m1"))
    assert (result.outcome, result.state) == (ACCEPTED, pb.MESSAGE_STATE_SENT)
    assert await messaging.send_one(text("m1")) == result
    assert len(carrier.requests) == 1
    # No key and no field repeats what the carrier wrote.
    known = (await messaging.get("m1")).carrier_message_id
    assert is_carrier_id(known)
    assert malformed not in str(await redis.keys()) + known
    assert len([key async for key in redis.scan_iter(f"*{{{known}}}:carrier")]) == 1
    [recorded] = await messaging.record(receipt("mdr2-1", 1004, carrier.requests[0].send_token))
    assert recorded.message.state == pb.MESSAGE_STATE_DELIVERED


@pytest.mark.parametrize(
    "answer",
    [
        *(HEAD[:12], HEAD + b'Content-Length: 100\r\n\r\n{"data"', b"hello\r\n\r\n"),
        response(202, b" " * 70_000 + b'{"data":{"id":"mdr2-1"}}'),
    ],
    ids=["within the head", "within the body", "no HTTP", "larger than any answer"],
)
async def test_an_uncertain_send_is_not_simply_repeated(
    messaging: Messaging, carrier: ScriptedCarrier, answer: bytes
) -> None:
    carrier.always(answer)
    carrier.hangs_up = True
    result = await messaging.send_one(text("m1"))
    assert (result.outcome, result.state) == (UNKNOWN, pb.MESSAGE_STATE_UNCERTAIN)
    assert result.resolution == pb.SEND_RESOLUTION_UNSPECIFIED
    # A receipt may come at any moment.
    assert delay_of(result).total_seconds() == 2.0

    carrier.script = carrier.takes
    assert await messaging.send_one(text("m1")) == result
    assert len(carrier.requests) == 1


async def test_a_connection_that_breaks_on_its_second_use_leaves_the_message_unknown(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    assert (await messaging.send_one(text("m1"))).outcome == ACCEPTED
    carrier.always(None)
    assert (await messaging.send_one(text("m2"))).outcome == UNKNOWN
    assert len(carrier.requests) == 2


async def test_a_redirect_is_not_followed_and_a_cookie_is_not_sent_back(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    elsewhere = {"Location": f"{carrier.url}/elsewhere", "Set-Cookie": "session=1; Path=/"}
    carrier.always(response(307, headers=elsewhere))
    assert (await messaging.send_one(text("m1"))).outcome == REFUSED
    assert (await messaging.send_one(text("m2"))).outcome == REFUSED
    assert [request.path for request in carrier.requests] == ["/v2.2/messages"] * 2
    assert not any("cookie" in request.headers for request in carrier.requests)


async def test_an_answer_that_does_not_come_in_time_leaves_the_message_unknown(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    settings = settings_for(redis_url, carrier.url, timeout_seconds=0.4)
    async with serving(settings, clock) as messaging:
        carrier.script = _never
        assert (await messaging.send_one(text("m1"))).outcome == UNKNOWN
        carrier.always(_endless(b" ", pause_seconds=0.02))
        assert (await messaging.send_one(text("m2"))).outcome == UNKNOWN
    assert len(carrier.requests) == 2


async def _endless(
    piece: bytes, *, pause_seconds: float, status: str = "202 Accepted"
) -> AsyncIterator[bytes]:
    yield f"HTTP/1.1 {status}\r\nContent-Length: 1000000000000\r\n\r\n".encode()
    while True:
        yield piece
        await asyncio.sleep(pause_seconds)


async def _never(_: CarrierRequest) -> bytes:
    await asyncio.Event().wait()
    raise AssertionError("the event is never set")
