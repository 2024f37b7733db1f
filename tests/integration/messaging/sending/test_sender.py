import asyncio

import grpc
import pytest
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.error_reason_pb2 import ErrorReason
from support.clock import ManualClock
from support.fakes.scripted_carrier import CarrierRequest, ScriptedCarrier, accepted
from support.observation.marker_search import everything
from support.services.messaging_service import ALICE, MASKED, Messaging, refusal_of, text

ACCEPTED, REFUSED = pb.SEND_OUTCOME_ACCEPTED, pb.SEND_OUTCOME_REFUSED


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


async def test_a_repeated_message_gets_its_first_answer_and_is_not_sent_again(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    first, repeated = await messaging.send(text("m1"), text("m1"))
    assert first == repeated == await messaging.send_one(text("m1"))
    assert len(carrier.requests) == 1
    # Its id cannot be used for another message.
    reused = await messaging.send_one(text("m1", "another body"))
    assert reused.outcome == REFUSED
    assert reused.error.reason == ErrorReason.ERROR_REASON_MESSAGE_ID_REUSED
    assert len(carrier.requests) == 1


async def test_two_callers_at_once_share_one_send_and_its_answer(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    arrived, go = asyncio.Event(), asyncio.Event()

    async def slow(_: CarrierRequest) -> bytes:
        arrived.set()
        await go.wait()
        return accepted("mdr2-1")

    carrier.script = slow
    first = asyncio.create_task(messaging.send_one(text("m1")))
    await arrived.wait()
    second = asyncio.create_task(messaging.send_one(text("m1")))
    # By the time a third call is answered the second one is under way too.
    await messaging.get("m1")
    go.set()
    assert await first == await second
    assert len(carrier.requests) == 1


async def test_an_invalid_message_never_fails_its_neighbours(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    invalid = [
        text("x" * 65, "long id"),
        text("m1", "x" * 10_001),
        text("m2", to="+1425555011x"),
        pb.OutboundMessage(),
    ]
    longest = "\N{GRINNING FACE}" * 10_000
    results = await messaging.send(text("ok1", longest), *invalid, text("ok2"))
    assert [result.outcome for result in results] == [ACCEPTED, *[REFUSED] * 4, ACCEPTED]
    assert {result.error.reason for result in results[1:-1]} == {
        ErrorReason.ERROR_REASON_INVALID_ARGUMENT
    }
    assert all(result.error.message for result in results[1:-1])
    assert not any("555" in result.error.message for result in results)
    assert [result.message_id for result in results[1:-1]] == [item.message_id for item in invalid]
    assert carrier.bodies() == [longest, "hello"]


async def test_a_batch_outside_its_limits_is_refused_as_a_whole(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    for count in (0, 257):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await messaging.send(*(text(f"m{at}") for at in range(count)))
        refusal = refusal_of(caught.value)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert refusal.info.reason == "INVALID_ARGUMENT"
        assert refusal.info.domain == "messaging.maskline"
        assert refusal.violations == ["messages"]
    assert carrier.requests == []


async def test_the_ledger_contains_neither_number_nor_body(
    messaging: Messaging, clock: ManualClock, redis: Redis
) -> None:
    await messaging.send_one(text("m1", "a secret body"))
    message = await messaging.get("m1")
    assert (message.message_id, message.pool) == ("m1", "main")
    assert message.state == pb.MESSAGE_STATE_SENT
    assert message.carrier_message_id == f"mdr2-{1:032x}"
    assert message.accept_time.ToDatetime(clock.now().tzinfo) == clock.now()
    assert not message.HasField("carrier_status_code")

    stored = b" ".join([value async for _, value in everything(redis)])
    assert b"m1" in stored
    for secret in (ALICE, MASKED, "a secret body", "simulator", "test-ledger-key-one"):
        assert secret.lstrip("+").encode() not in stored


async def test_a_message_that_is_not_kept_is_not_found(messaging: Messaging) -> None:
    for message_id in ("", "x" * 65):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await messaging.get(message_id)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert refusal_of(caught.value).violations == ["message_id"]
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await messaging.get("nobody")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    info = refusal_of(caught.value).info
    assert (info.reason, dict(info.metadata)) == ("MESSAGE_NOT_FOUND", {"message_id": "nobody"})
