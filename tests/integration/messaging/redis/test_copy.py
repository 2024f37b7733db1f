"""A copy of Redis contains nothing that the gateway would accept as a send token."""

import re
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from messaging_service.model.send_tokens import SendTokens
from messaging_service.redis import keys
from support.clock import ManualClock
from support.fakes.scripted_carrier import CarrierRequest, ScriptedCarrier, accepted, response
from support.observation.marker_search import everything
from support.services.messaging_service import (
    BOB,
    CAROL,
    Messaging,
    receipt,
    serving,
    settings_for,
    text,
)

KEY, FORMER = "the ledger key of this test", "the former ledger key of this test"
TOKENS = SendTokens(KEY, FORMER)
ID_LENGTH, TOKEN_LENGTH = 22, 43


@pytest.fixture
async def messaging(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> AsyncIterator[Messaging]:
    """A running service whose key this test knows."""
    settings = settings_for(redis_url, carrier.url, ledger_key=KEY, former_ledger_keys=FORMER)
    async with serving(settings, clock) as running:
        yield running


async def test_no_valid_token_is_in_redis_however_a_send_ended(
    messaging: Messaging, carrier: ScriptedCarrier, redis: Redis, clock: ManualClock
) -> None:
    while_sending: list[bytes] = []

    async def copies(_: CarrierRequest) -> bytes:
        while_sending.extend(await _copy(redis))
        return accepted("mdr2-1")

    carrier.script = copies
    await messaging.send_one(text("m1"))
    carrier.always(response(503))
    await messaging.send_one(text("m2", to=BOB))
    carrier.always(None)
    clock.move(seconds=60)
    await messaging.send_one(text("m3", to=CAROL))
    tokens = [request.send_token for request in carrier.requests]
    await messaging.record(
        receipt("mdr2-1", 1004, tokens[0]),
        receipt("mdr2-3", 1004, tokens[2]),
        receipt("mdr2-early", 1004),
    )

    assert len(tokens) == 3
    after = await _copy(redis)
    # The search finds what is there: the id of each attempt, also while it is under way.
    ids = [str(TOKENS.attempt_id_of(token)) for token in tokens]
    assert all(keys.attempt(attempt_id).encode() in after for attempt_id in ids)
    assert keys.attempt(ids[0]).encode() in while_sending
    for part in (*while_sending, *after):
        assert not any(token.encode() in part for token in tokens)
        assert not any(TOKENS.attempt_id_of(piece) for piece in _pieces(part, TOKEN_LENGTH))
        # Neither is an id that is made as long as a token.
        padded = [piece + "A" * (TOKEN_LENGTH - ID_LENGTH) for piece in _pieces(part, ID_LENGTH)]
        assert not any(TOKENS.attempt_id_of(piece) for piece in padded)


async def _copy(redis: Redis) -> list[bytes]:
    """Every key, and its whole value."""
    return [part async for _, stored in everything(redis) for part in stored.split(b" ", 1)]


def _pieces(part: bytes, length: int) -> list[str]:
    """Every run of that many characters which a token may have."""
    runs = re.findall(r"[A-Za-z0-9_-]+", part.decode("latin-1"))
    return [run[at : at + length] for run in runs for at in range(len(run) - length + 1)]
