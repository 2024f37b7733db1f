"""Receipts that tell of a failure: the sender hears of it, once, and nobody learns why."""

from collections.abc import AsyncIterator

import grpc
import pytest
from redis.asyncio import Redis

from conversation_service.domain.model.rate_limits import FAILURES_LIMIT
from conversation_service.domain.templates.catalog import Template
from conversation_service.messaging.send import OPTED_OUT_CODE
from conversation_service.store.outbox.outbox import Outbox
from maskline.messaging.v1 import messaging_pb2
from support.clock import ManualClock
from support.conversation_calls import kinds
from support.conversation_service import RunningService, running
from support.conversations import ALICE_NUMBER, BOB_NUMBER, MASKED, says
from support.scripted_messaging import Context, ScriptedMessaging

NOT_DELIVERED = says(Template.NOT_DELIVERED)


class FailingCarrier(ScriptedMessaging):
    """Reports of every text that it could not be delivered, with a code of the carrier's."""

    receipt_code = 0

    async def RecordDeliveryReceipts(
        self, request: messaging_pb2.RecordDeliveryReceiptsRequest, context: Context
    ) -> messaging_pb2.RecordDeliveryReceiptsResponse:
        response = await super().RecordDeliveryReceipts(request, context)
        for result in response.results:
            result.message.carrier_status_code = self.receipt_code
        return response


@pytest.fixture
def carrier() -> FailingCarrier:
    return FailingCarrier(receipt_state=messaging_pb2.MESSAGE_STATE_UNDELIVERED)


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock, carrier: FailingCarrier
) -> AsyncIterator[RunningService]:
    """One replica before that carrier."""
    async with running(redis_url, clock, messaging=carrier) as one:
        yield one


async def relayed(service: RunningService, *bodies: str) -> list[str]:
    """Bob texts Alice; the ids of the messages that she was sent."""
    before = len(service.sent_to(ALICE_NUMBER))
    for body in bodies:
        await service.says(BOB_NUMBER, body)
    await service.heard(ALICE_NUMBER, before + len(bodies))
    sent = [one for one in service.sent() if one.to_number == ALICE_NUMBER]
    return [one.message_id for one in sent[before:]]


async def test_a_failed_text_is_told_to_its_sender_once(service: RunningService) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    [message_id] = await relayed(service, "are you there?")
    await service.receipts(message_id)
    await service.receipts(message_id, message_id)
    assert await service.heard(BOB_NUMBER, 1) == [NOT_DELIVERED]
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == [NOT_DELIVERED]
    assert service.sent_to(ALICE_NUMBER) == ["are you there?"]
    told = kinds(await service.timeline(conversation.conversation_id))
    assert told.count(("MESSAGE_UNDELIVERED", "")) == 1
    assert told.count(("SYSTEM_TEXT_ACCEPTED", "not_delivered")) == 1
    assert service.sent()[-1].from_number == MASKED


async def test_a_failure_that_a_crash_left_half_told_is_told_once(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    [message_id] = await relayed(service, "are you there?")

    async def crash(*_: object) -> list[str]:
        raise RuntimeError("the process was killed")

    with monkeypatch.context() as killed:
        killed.setattr(Outbox, "advance", crash)
        with pytest.raises(grpc.aio.AioRpcError):
            await service.receipts(message_id)
    await service.receipts(message_id)
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == [NOT_DELIVERED]


async def test_what_was_delivered_is_not_undone_by_a_late_failure(
    service: RunningService, carrier: FailingCarrier
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    [message_id] = await relayed(service, "are you there?")
    carrier.receipt_state = messaging_pb2.MESSAGE_STATE_DELIVERED
    await service.receipts(message_id)
    carrier.receipt_state = messaging_pb2.MESSAGE_STATE_UNDELIVERED
    await service.receipts(message_id)
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == []


async def test_a_dead_phone_does_not_flood_its_partner(
    service: RunningService, clock: ManualClock
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.receipts(*await relayed(service, "one", "two", "three"))
    assert await service.heard(BOB_NUMBER, 1) == [NOT_DELIVERED]
    for minute in range(2 * FAILURES_LIMIT):
        clock.move(minutes=1)
        await service.receipts(*await relayed(service, f"minute {minute}"))
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == [NOT_DELIVERED] * FAILURES_LIMIT


async def test_of_a_text_that_maskline_wrote_nobody_is_told(service: RunningService) -> None:
    await service.start(ALICE_NUMBER)
    await service.heard(ALICE_NUMBER, 1)
    await service.receipts(service.sent()[0].message_id)
    await service.quiet()
    assert len(service.sent()) == 1


async def test_of_an_opt_out_the_end_alone_is_told(
    service: RunningService, carrier: FailingCarrier
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    [message_id] = await relayed(service, "are you there?")
    carrier.receipt_code = OPTED_OUT_CODE
    await service.receipts(message_id)
    assert await service.heard(BOB_NUMBER, 1) == [says(Template.ENDED)]
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == [says(Template.ENDED)]


async def test_just_after_the_end_a_failure_is_still_told(service: RunningService) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    [message_id] = await relayed(service, "are you there?")
    await service.end(conversation.conversation_id)
    await service.receipts(message_id)
    assert await service.heard(BOB_NUMBER, 2) == [says(Template.ENDED), NOT_DELIVERED]
