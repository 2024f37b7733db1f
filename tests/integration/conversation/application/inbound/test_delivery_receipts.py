"""Receipts of failed messages: the sender is notified once, and without a reason."""

from collections.abc import AsyncIterator

import grpc
import pytest
from redis.asyncio import Redis

from conversation_service.domain.templates.catalog import Template
from conversation_service.store.outbox.outbox import Outbox
from maskline.messaging.v1 import messaging_pb2
from support.builders.conversation_calls import kinds
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER, MASKED, system_message
from support.clock import ManualClock
from support.fakes.scripted_messaging import ScriptedMessaging
from support.services.conversation_service import RunningService, running

NOT_DELIVERED = system_message(Template.NOT_DELIVERED)


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    """With a carrier whose receipts say that no message was delivered."""
    carrier = ScriptedMessaging(receipt_state=messaging_pb2.MESSAGE_STATE_UNDELIVERED)
    async with running(redis_url, clock, messaging=carrier) as replica:
        yield replica


async def relayed(service: RunningService) -> tuple[str, str]:
    """The ids of a conversation, and of a message in it from Bob to Alice."""
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(BOB_NUMBER, "are you there?")
    await service.heard(ALICE_NUMBER, 1)
    [message] = service.sent()
    return conversation.conversation_id, message.message_id


async def test_the_sender_of_a_failed_message_is_notified_once(service: RunningService) -> None:
    conversation_id, message_id = await relayed(service)
    await service.receipts(message_id)
    await service.receipts(message_id, message_id)
    assert await service.heard(BOB_NUMBER, 1) == [NOT_DELIVERED]
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == [NOT_DELIVERED]
    assert service.sent_to(ALICE_NUMBER) == ["are you there?"]
    events = kinds(await service.timeline(conversation_id))
    assert events.count(("MESSAGE_UNDELIVERED", "CARRIER_REJECTED")) == 1
    assert events.count(("MESSAGE_ACCEPTED", "not_delivered")) == 1
    assert service.sent()[-1].from_number == MASKED


async def test_after_a_crash_between_notice_and_state_the_sender_is_notified_once(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, message_id = await relayed(service)

    async def crash(*_: object) -> list[str]:
        raise RuntimeError("the process was killed")

    with monkeypatch.context() as killed:
        killed.setattr(Outbox, "advance", crash)
        with pytest.raises(grpc.aio.AioRpcError):
            await service.receipts(message_id)
    await service.receipts(message_id)
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == [NOT_DELIVERED]
