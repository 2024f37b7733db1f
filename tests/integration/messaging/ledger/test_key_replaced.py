"""The ledger key is replaced while replicas restart one after the other."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from support.clock import ManualClock
from support.fakes.scripted_carrier import ScriptedCarrier
from support.services.messaging_service import (
    Messaging,
    reason_of,
    receipt,
    serving,
    settings_for,
    text,
)

FORMER, NEW = "the former ledger key", "the new ledger key"
# Starts a replica with these keys, the current one first, over one Redis and one carrier.
Start = Callable[..., Awaitable[Messaging]]


@pytest.fixture
async def start(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def started(key: str, *former: str) -> Messaging:
            settings = settings_for(
                redis_url, carrier.url, ledger_key=key, former_ledger_keys="\n".join(former)
            )
            return await stack.enter_async_context(serving(settings, clock))

        yield started


async def test_replicas_that_restart_one_by_one_recognise_each_others_messages_and_receipts(
    start: Start, carrier: ScriptedCarrier
) -> None:
    # The order of docs/keys.md: first every replica learns the new key, then it becomes current.
    before = await start(FORMER)
    prepared = await start(FORMER, NEW)
    changed = await start(NEW, FORMER)
    for pair in ((before, prepared), (prepared, changed)):
        for sender, other in (pair, pair[::-1]):
            message = text(f"m{len(carrier.requests)}")
            first = await sender.send_one(message)
            assert await other.send_one(message) == first
            carrier_id = f"mdr2-{len(carrier.requests):032x}"
            token = carrier.requests[-1].send_token
            [recorded] = await other.record(receipt(carrier_id, 1004, token))
            assert recorded.message.message_id == message.message_id
            assert recorded.message.state == pb.MESSAGE_STATE_DELIVERED
    assert len(carrier.requests) == 4


async def test_a_former_key_that_is_removed_is_recognised_no_more_and_not_needed_by_later_messages(
    start: Start, carrier: ScriptedCarrier
) -> None:
    await (await start(FORMER)).send_one(text("m1"))
    later = await (await start(NEW, FORMER)).send_one(text("m2"))
    former, new = [request.send_token for request in carrier.requests]
    done = await start(NEW)
    reused = await done.send_one(text("m1"))
    assert reason_of(reused) == "MESSAGE_ID_REUSED"
    assert await done.send_one(text("m2")) == later
    # Neither message is sent twice, however early the key is removed.
    assert len(carrier.requests) == 2
    refused, recorded = await done.record(
        receipt("mdr2-1", 1004, former), receipt("mdr2-2", 1004, new)
    )
    assert reason_of(refused) == "SEND_TOKEN_INVALID"
    assert recorded.message.state == pb.MESSAGE_STATE_DELIVERED
