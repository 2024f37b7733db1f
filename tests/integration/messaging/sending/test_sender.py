"""SendMessages over real gRPC, a real ledger and a real HTTP carrier."""

import asyncio
from typing import cast

import grpc
import pytest
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.error_reason_pb2 import ErrorReason
from support.clock import ManualClock
from support.messaging_service import (
    ALICE,
    BOB,
    CAROL,
    MASKED,
    Messaging,
    refusal_of,
    text,
)
from support.scripted_carrier import (
    CarrierRequest,
    ScriptedCarrier,
    accepted,
)

ACCEPTED = pb.SEND_OUTCOME_ACCEPTED
NOT_SENT = pb.SEND_OUTCOME_NOT_SENT
REFUSED = pb.SEND_OUTCOME_REFUSED
UNKNOWN = pb.SEND_OUTCOME_UNKNOWN


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
        "dlr_callback": f"https://relay.example/api/receipt/{request.send_token}",
    }


async def test_each_attempt_has_its_own_random_token(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    await messaging.send(*(text(f"m{at}", to=CAROL) for at in range(5)))
    tokens = {request.send_token for request in carrier.requests}
    assert len(tokens) == 5
    assert min(map(len, tokens)) >= 22  # 128 bits in base64


async def test_a_repeated_message_gets_its_first_answer_and_is_not_sent_again(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    first = await messaging.send_one(text("m1"))
    assert await messaging.send_one(text("m1")) == first
    assert len(carrier.requests) == 1


async def test_a_repeat_in_the_same_batch_is_not_sent_again(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    first, second = await messaging.send(text("m1"), text("m1"))
    assert first == second
    assert len(carrier.requests) == 1


@pytest.mark.parametrize(
    "other",
    [
        text("m1", "another body"),
        text("m1", to=BOB),
        pb.OutboundMessage(
            message_id="m1", pool="other", from_number=MASKED, to_number=ALICE, body="hello"
        ),
    ],
)
async def test_an_id_used_for_another_message_is_refused_and_nothing_is_sent(
    messaging: Messaging, carrier: ScriptedCarrier, other: pb.OutboundMessage
) -> None:
    await messaging.send_one(text("m1"))
    result = await messaging.send_one(other)
    assert result.outcome == REFUSED
    assert result.error.reason == ErrorReason.ERROR_REASON_MESSAGE_ID_REUSED
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


async def test_one_bad_item_never_fails_its_neighbours(
    messaging: Messaging, carrier: ScriptedCarrier
) -> None:
    bad = [
        text("", "no id"),
        text("x" * 65, "long id"),
        text("m1", ""),
        text("m2", "x" * 10_001),
        text("m3", to="4255550111"),
        text("m4", to="+1425555011x"),
        text("m8", "rings the bell \a"),
        text("m9", "\x00"),
        text("m5", to="+\N{ARABIC-INDIC DIGIT ONE}4255550111"),
        pb.OutboundMessage(message_id="m6", from_number=MASKED, to_number=ALICE, body="no pool"),
        pb.OutboundMessage(message_id="m7", pool="main", to_number=ALICE, body="no from"),
        pb.OutboundMessage(),
    ]
    results = await messaging.send(text("ok1"), *bad, text("ok2"))
    assert [result.outcome for result in results] == [ACCEPTED, *[REFUSED] * len(bad), ACCEPTED]
    assert {result.error.reason for result in results[1:-1]} == {
        ErrorReason.ERROR_REASON_INVALID_ARGUMENT
    }
    assert all(result.error.message for result in results[1:-1])
    assert not any("555" in result.error.message for result in results)
    assert [result.message_id for result in results[1:-1]] == [item.message_id for item in bad]
    assert len(carrier.requests) == 2


@pytest.mark.parametrize("body", ["x" * 10_000, "\N{GRINNING FACE}" * 10_000, "line\nline"])
async def test_every_body_within_the_limits_arrives_as_it_is(
    messaging: Messaging, carrier: ScriptedCarrier, body: str
) -> None:
    assert (await messaging.send_one(text("m1", body))).outcome == ACCEPTED
    assert carrier.bodies() == [body]


@pytest.mark.parametrize("count", [0, 257])
async def test_a_batch_outside_its_limits_is_refused_as_a_whole(
    messaging: Messaging, carrier: ScriptedCarrier, count: int
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await messaging.send(*(text(f"m{at}") for at in range(count)))
    refusal = refusal_of(caught.value)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (refusal.info.reason, refusal.info.domain) == ("INVALID_ARGUMENT", "messaging.maskline")
    assert refusal.violations == ["messages"]
    assert carrier.requests == []


async def test_the_ledger_contains_neither_number_nor_body(
    messaging: Messaging, carrier: ScriptedCarrier, clock: ManualClock, redis: Redis
) -> None:
    accept_time = clock.now()
    await messaging.send_one(text("m1", "a secret body"))
    message = await messaging.get("m1")
    assert (message.message_id, message.pool) == ("m1", "main")
    assert message.state == pb.MESSAGE_STATE_SENT
    assert message.carrier_message_id == f"mdr2-{1:032x}"
    assert message.accept_time.ToDatetime(accept_time.tzinfo) == accept_time
    assert not message.HasField("carrier_status_code")

    kept = await _everything(redis)
    assert b"m1" in kept
    for secret in (ALICE, MASKED, "a secret body", "simulator", "test-ledger-key-one"):
        assert secret.lstrip("+").encode() not in kept


async def _everything(redis: Redis) -> bytes:
    """Every key and every value, whatever its type."""
    names = cast("list[bytes]", await redis.keys())
    values = [await redis.dump(name) or b"" for name in names]
    return b" ".join([*names, *values])


@pytest.mark.parametrize("message_id", ["", "x" * 65])
async def test_an_id_that_none_can_be_is_refused(messaging: Messaging, message_id: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await messaging.get(message_id)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refusal_of(caught.value).violations == ["message_id"]


async def test_an_unknown_message_is_not_found(messaging: Messaging) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await messaging.get("nobody")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    info = refusal_of(caught.value).info
    assert (info.reason, dict(info.metadata)) == ("MESSAGE_NOT_FOUND", {"message_id": "nobody"})
