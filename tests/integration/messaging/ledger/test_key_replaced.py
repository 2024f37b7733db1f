"""The ledger key is replaced while replicas restart one after the other."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis

from maskline.messaging.v1 import messaging_pb2 as pb
from maskline.messaging.v1.error_reason_pb2 import ErrorReason
from messaging_service.model.send_tokens import SendTokens, new_attempt_id
from support.clock import ManualClock
from support.messaging_service import Messaging, serving, settings_for, text
from support.scripted_carrier import ScriptedCarrier, record, response

FORMER, NEW = "the former ledger key", "the new ledger key"
ACCEPTED, UNKNOWN = pb.SEND_OUTCOME_ACCEPTED, pb.SEND_OUTCOME_UNKNOWN
FORGED = ErrorReason.ERROR_REASON_SEND_TOKEN_NOT_VALID
REUSED = ErrorReason.ERROR_REASON_MESSAGE_ID_REUSED


class Replicas:
    """Services with different keys, the current one first, over one Redis and one carrier."""

    def __init__(
        self, stack: AsyncExitStack, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
    ) -> None:
        self._stack = stack
        self._redis_url = redis_url
        self._carrier = carrier
        self._clock = clock

    async def start(self, key: str, *former: str) -> Messaging:
        settings = settings_for(
            self._redis_url,
            self._carrier.url,
            ledger_key=key,
            former_ledger_keys="\n".join(former),
        )
        return await self._stack.enter_async_context(serving(settings, self._clock))


@pytest.fixture
async def replicas(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> AsyncIterator[Replicas]:
    async with AsyncExitStack() as stack:
        yield Replicas(stack, redis_url, carrier, clock)


async def test_a_message_gets_its_first_answer_after_its_key_was_replaced(
    replicas: Replicas, carrier: ScriptedCarrier
) -> None:
    before = await replicas.start(FORMER)
    first = await before.send_one(text("m1"))
    after = await replicas.start(NEW, FORMER)
    assert await after.send_one(text("m1")) == first
    assert len(carrier.requests) == 1
    # Another text with its id is still told from it.
    other = await after.send_one(text("m1", "another"))
    assert other.error.reason == REUSED
    assert len(carrier.requests) == 1


async def test_a_message_that_was_not_sent_before_is_sent_once_after(
    replicas: Replicas, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    carrier.always(response(503))
    before = await replicas.start(FORMER)
    assert (await before.send_one(text("m1"))).outcome == pb.SEND_OUTCOME_NOT_SENT
    carrier.script = carrier.takes
    clock.move(seconds=5)
    after = await replicas.start(NEW, FORMER)
    sent = await after.send_one(text("m1"))
    assert sent.outcome == ACCEPTED
    assert await after.send_one(text("m1")) == sent
    assert len(carrier.requests) == 2


async def test_an_uncertain_send_is_resolved_after_its_key_was_replaced(
    replicas: Replicas, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    carrier.always(None)
    before = await replicas.start(FORMER)
    assert (await before.send_one(text("m1"))).outcome == UNKNOWN
    [lost] = carrier.requests
    carrier.lists(record("mdr2-found", lost.attributes, clock.now()))
    clock.move(seconds=5)
    after = await replicas.start(NEW, FORMER)
    found = await after.send_one(text("m1"))
    assert (found.outcome, found.resolution) == (ACCEPTED, pb.UNKNOWN_RESOLUTION_RECORD)
    assert len(carrier.requests) == 1


async def test_replicas_that_restart_one_by_one_recognise_each_others_messages_and_receipts(
    replicas: Replicas, carrier: ScriptedCarrier
) -> None:
    # The order of docs/keys.md: first every replica learns the new key, then it becomes current.
    untouched = await replicas.start(FORMER)
    told = await replicas.start(FORMER, NEW)
    changed = await replicas.start(NEW, FORMER)
    for pair in ((untouched, told), (told, changed)):
        for at, (one, other) in enumerate((pair, pair[::-1])):
            message = text(f"m{len(carrier.requests)}-{at}")
            first = await one.send_one(message)
            assert await other.send_one(message) == first
            token = carrier.requests[-1].send_token
            receipt = pb.DeliveryReceipt(
                carrier_message_id=f"mdr2-{len(carrier.requests):032x}",
                send_token=token,
                status_code=1004,
            )
            [recorded] = await other.record(receipt)
            assert recorded.message.message_id == message.message_id
            assert recorded.message.state == pb.MESSAGE_STATE_DELIVERED
    assert len(carrier.requests) == 4


async def test_a_receipt_of_a_former_key_is_taken_and_a_forged_one_is_not(
    replicas: Replicas, carrier: ScriptedCarrier
) -> None:
    before = await replicas.start(FORMER)
    carrier.always(response(500))
    await before.send_one(text("m1"))
    token = carrier.requests[0].send_token
    after = await replicas.start(NEW, FORMER)
    altered = ("A" if token[0] != "A" else "B") + token[1:]
    forged, strange, genuine = await after.record(
        *(
            pb.DeliveryReceipt(carrier_message_id="mdr2-1", send_token=one, status_code=1004)
            for one in (altered, SendTokens("a key of nobody's").sign(new_attempt_id()), token)
        )
    )
    assert (forged.error.reason, strange.error.reason) == (FORGED, FORGED)
    assert genuine.message.state == pb.MESSAGE_STATE_DELIVERED
    # It says what became of the text, also to whoever hands that in again.
    assert (await after.send_one(text("m1"))).outcome == ACCEPTED
    assert len(carrier.requests) == 1


async def test_nothing_made_after_the_replacement_needs_the_former_key(
    replicas: Replicas, carrier: ScriptedCarrier
) -> None:
    after = await replicas.start(NEW, FORMER)
    first = await after.send_one(text("m1"))
    done = await replicas.start(NEW)
    assert await done.send_one(text("m1")) == first
    receipt = pb.DeliveryReceipt(
        carrier_message_id="mdr2-1", send_token=carrier.requests[0].send_token, status_code=1004
    )
    [recorded] = await done.record(receipt)
    assert recorded.message.state == pb.MESSAGE_STATE_DELIVERED


async def test_a_key_that_is_taken_out_is_recognised_no_more(
    replicas: Replicas, carrier: ScriptedCarrier
) -> None:
    before = await replicas.start(FORMER)
    await before.send_one(text("m1"))
    done = await replicas.start(NEW)
    refused = await done.send_one(text("m1"))
    assert refused.error.reason == REUSED
    receipt = pb.DeliveryReceipt(
        carrier_message_id="mdr2-1", send_token=carrier.requests[0].send_token, status_code=1004
    )
    [told] = await done.record(receipt)
    assert told.error.reason == FORGED
    # Never a second send, however early it is taken out.
    assert len(carrier.requests) == 1
