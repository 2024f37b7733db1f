"""A copy of Redis contains nothing that the gateway would accept as a send token."""

import re
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.error_reason_pb2 import ErrorReason
from messaging_service.model.send_tokens import SendTokens
from messaging_service.redis import keys
from support.clock import ManualClock
from support.marker_search import everything
from support.messaging_service import BOB, CAROL, Messaging, serving, settings_for, text
from support.scripted_carrier import (
    CarrierRequest,
    ScriptedCarrier,
    accepted,
    response,
    scripted_carrier,
)

KEY, FORMER = "the ledger key of this test", "the former ledger key of this test"
TOKENS = SendTokens(KEY, FORMER)
NAME_LENGTH, TOKEN_LENGTH = 22, 43
SENT, DELIVERED, UNKNOWN = (
    pb.MESSAGE_STATE_SENT,
    pb.MESSAGE_STATE_DELIVERED,
    pb.MESSAGE_STATE_UNKNOWN,
)


@pytest.fixture
async def carrier() -> AsyncIterator[ScriptedCarrier]:
    """A carrier that takes everything until it is told otherwise."""
    async with scripted_carrier() as running:
        yield running


@pytest.fixture
async def messaging(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> AsyncIterator[Messaging]:
    """A running service whose key this test knows."""
    settings = settings_for(redis_url, carrier.url, ledger_key=KEY, former_ledger_keys=FORMER)
    async with serving(settings, clock) as running:
        yield running


async def test_no_token_that_is_taken_lies_in_redis_however_a_send_ended(
    messaging: Messaging, carrier: ScriptedCarrier, redis: Redis, clock: ManualClock
) -> None:
    seen_while_sending: list[bytes] = []

    async def looks(request: CarrierRequest) -> bytes:
        seen_while_sending.extend(await _copy(redis))
        return accepted("mdr2-1")

    carrier.script = looks
    await messaging.send_one(text("m1"))
    carrier.always(response(503))
    await messaging.send_one(text("m2", to=BOB))
    carrier.always(None)
    clock.move(seconds=60)
    await messaging.send_one(text("m3", to=CAROL))
    given = [request.send_token for request in carrier.requests]
    await messaging.record(
        _receipt("mdr2-1", given[0]), _receipt("mdr2-3", given[2]), _receipt("mdr2-early", "")
    )

    assert len(given) == 3
    assert all(TOKENS.attempt_id_of(token) for token in given)
    # The search finds what is there: each attempt by its name, also while it is under way.
    after = await _copy(redis)
    names = [str(TOKENS.attempt_id_of(token)) for token in given]
    assert all(keys.attempt(name).encode() in after for name in names)
    assert keys.attempt(names[0]).encode() in seen_while_sending
    for part in (*seen_while_sending, *after):
        assert not any(token.encode() in part for token in given)
        assert not any(TOKENS.attempt_id_of(piece) for piece in _pieces(part, TOKEN_LENGTH))


async def test_nothing_in_redis_is_accepted_as_a_token(
    messaging: Messaging, carrier: ScriptedCarrier, redis: Redis
) -> None:
    await messaging.send_one(text("m1"))
    carrier.always(None)
    await messaging.send_one(text("m2", to=BOB))
    genuine = [request.send_token for request in carrier.requests]
    found = {piece for part in await _copy(redis) for piece in _pieces(part, NAME_LENGTH)}
    assert found.issuperset(str(TOKENS.attempt_id_of(token)) for token in genuine)

    longer = {name + "A" * (TOKEN_LENGTH - NAME_LENGTH) for name in found}
    forged = sorted(found | longer)
    results = [
        result
        for at in range(0, len(forged), 256)
        for result in await messaging.record(
            *(_receipt("mdr2-forged", token) for token in forged[at : at + 256])
        )
    ]
    assert {result.error.reason for result in results} == {
        ErrorReason.ERROR_REASON_SEND_TOKEN_NOT_VALID
    }
    assert [(await messaging.get(name)).state for name in ("m1", "m2")] == [SENT, UNKNOWN]
    # The carrier's own are still taken.
    [taken] = await messaging.record(_receipt("mdr2-2", genuine[1]))
    assert (taken.message.message_id, taken.message.state) == ("m2", DELIVERED)


def _receipt(carrier_message_id: str, token: str) -> pb.DeliveryReceipt:
    return pb.DeliveryReceipt(
        carrier_message_id=carrier_message_id, send_token=token, status_code=1004
    )


async def _copy(redis: Redis) -> list[bytes]:
    """Every key, and all that is behind each."""
    return [part async for _, stored in everything(redis) for part in stored.split(b" ", 1)]


def _pieces(part: bytes, length: int) -> list[str]:
    """Every run of that many characters which an address may have."""
    runs = re.findall(r"[A-Za-z0-9_-]+", part.decode("latin-1"))
    return [run[at : at + length] for run in runs for at in range(len(run) - length + 1)]
