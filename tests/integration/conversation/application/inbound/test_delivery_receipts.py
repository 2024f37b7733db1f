"""Receipts of failed messages: the sender is notified once, and without a reason."""

from collections.abc import AsyncIterator

import grpc
import pytest
from redis.asyncio import Redis

from conversation_service.domain.model.rate_limits import FAILURES_LIMIT
from conversation_service.domain.templates.catalog import Template
from conversation_service.messaging.send import OPTED_OUT_CODE
from conversation_service.store.outbox.outbox import Outbox
from maskline.conversation.v1 import conversation_pb2
from maskline.messaging.v1 import messaging_pb2 as pb
from support.builders.conversation_calls import kinds
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER, MASKED, system_message
from support.clock import ManualClock
from support.fakes.scripted_messaging import Context, ScriptedMessaging
from support.services.conversation_service import RunningService, running

NOT_DELIVERED = system_message(Template.NOT_DELIVERED)


class FailingCarrier(ScriptedMessaging):
    """Its receipts say that no message was delivered, with a status code of the carrier."""

    receipt_code = 0

    async def RecordDeliveryReceipts(
        self, request: pb.RecordDeliveryReceiptsRequest, context: Context
    ) -> pb.RecordDeliveryReceiptsResponse:
        response = await super().RecordDeliveryReceipts(request, context)
        for result in response.results:
            result.message.carrier_status_code = self.receipt_code
        return response


@pytest.fixture
def carrier() -> FailingCarrier:
    return FailingCarrier(receipt_state=pb.MESSAGE_STATE_UNDELIVERED)


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock, carrier: FailingCarrier
) -> AsyncIterator[RunningService]:
    async with running(redis_url, clock, messaging=carrier) as one:
        yield one


@pytest.fixture
async def conversation(service: RunningService) -> conversation_pb2.Conversation:
    """Alice and Bob are in it."""
    return await service.open(ALICE_NUMBER, BOB_NUMBER)


async def relayed(service: RunningService, *bodies: str) -> list[str]:
    """Bob writes to Alice. Returns the ids of the messages that she was sent."""
    before = len(service.sent_to(ALICE_NUMBER))
    for body in bodies:
        await service.deliver(BOB_NUMBER, body)
    await service.heard(ALICE_NUMBER, before + len(bodies))
    sent = [message for message in service.sent() if message.to_number == ALICE_NUMBER]
    return [message.message_id for message in sent[before:]]


async def test_the_sender_of_a_failed_message_is_notified_once(
    service: RunningService, conversation: conversation_pb2.Conversation
) -> None:
    [message_id] = await relayed(service, "are you there?")
    await service.receipts(message_id)
    await service.receipts(message_id, message_id)
    assert await service.heard(BOB_NUMBER, 1) == [NOT_DELIVERED]
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == [NOT_DELIVERED]
    assert service.sent_to(ALICE_NUMBER) == ["are you there?"]
    events = kinds(await service.timeline(conversation.conversation_id))
    assert events.count(("MESSAGE_UNDELIVERED", "")) == 1
    assert events.count(("SYSTEM_TEXT_ACCEPTED", "not_delivered")) == 1
    assert service.sent()[-1].from_number == MASKED


@pytest.mark.usefixtures("conversation")
async def test_after_a_crash_between_notice_and_state_the_sender_is_notified_once(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
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


@pytest.mark.usefixtures("conversation")
async def test_a_late_failure_does_not_undo_a_delivery(
    service: RunningService, carrier: FailingCarrier
) -> None:
    [message_id] = await relayed(service, "are you there?")
    for state in (pb.MESSAGE_STATE_DELIVERED, pb.MESSAGE_STATE_UNDELIVERED):
        carrier.receipt_state = state
        await service.receipts(message_id)
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == []


@pytest.mark.usefixtures("conversation")
async def test_failure_notices_are_rate_limited(
    service: RunningService, clock: ManualClock
) -> None:
    await service.receipts(*await relayed(service, "one", "two", "three"))
    assert await service.heard(BOB_NUMBER, 1) == [NOT_DELIVERED]
    for minute in range(2 * FAILURES_LIMIT):
        clock.move(minutes=1)
        await service.receipts(*await relayed(service, f"minute {minute}"))
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == [NOT_DELIVERED] * FAILURES_LIMIT


async def test_nobody_is_notified_of_a_failed_system_message(service: RunningService) -> None:
    await service.start(ALICE_NUMBER)
    await service.heard(ALICE_NUMBER, 1)
    await service.receipts(service.sent()[0].message_id)
    await service.quiet()
    assert len(service.sent()) == 1


@pytest.mark.usefixtures("conversation")
async def test_after_an_opt_out_only_the_end_of_the_conversation_notifies(
    service: RunningService, carrier: FailingCarrier
) -> None:
    [message_id] = await relayed(service, "are you there?")
    carrier.receipt_code = OPTED_OUT_CODE
    await service.receipts(message_id)
    assert await service.heard(BOB_NUMBER, 1) == [system_message(Template.ENDED)]
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == [system_message(Template.ENDED)]


async def test_a_failure_notice_is_sent_shortly_after_the_end(
    service: RunningService, conversation: conversation_pb2.Conversation
) -> None:
    [message_id] = await relayed(service, "are you there?")
    await service.end(conversation.conversation_id)
    await service.receipts(message_id)
    assert await service.heard(BOB_NUMBER, 2) == [system_message(Template.ENDED), NOT_DELIVERED]
