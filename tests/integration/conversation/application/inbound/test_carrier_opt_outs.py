"""Opt-outs reported by the carrier: a refused message, or a delivery receipt with code 1110."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from redis.asyncio import Redis

from conversation_service.domain.templates.catalog import Template
from conversation_service.messaging.send import OPTED_OUT_CODE
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import opt_out_pb2
from maskline.messaging.v1 import error_reason_pb2, messaging_pb2
from support.builders.conversation_calls import ask, kinds
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    MASKED,
    OTHER_MASKED,
    SEED,
    seeded,
    system_message,
)
from support.clock import ManualClock
from support.eventually import eventually
from support.fakes.scripted_messaging import Context, ScriptedMessaging
from support.services.conversation_service import RunningService, running

ELSEWHERE = "+12065550102"
SECOND = seeded(ELSEWHERE, name="second")


@dataclass
class BlockingCarrier(ScriptedMessaging):
    """Refuses messages to blocked numbers as opted out, and waits while its gate is closed."""

    blocked: set[str] = field(default_factory=set)
    receipt_code: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    calls: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    async def SendMessages(
        self, request: messaging_pb2.SendMessagesRequest, context: Context
    ) -> messaging_pb2.SendMessagesResponse:
        self.calls += 1
        await self.gate.wait()
        passing = [message for message in request.messages if message.to_number not in self.blocked]
        passed = messaging_pb2.SendMessagesRequest(messages=passing)
        sent = {
            result.message_id: result
            for result in (await super().SendMessages(passed, context)).results
        }
        results = (
            sent.get(message.message_id) or _refused(message) for message in request.messages
        )
        return messaging_pb2.SendMessagesResponse(results=results)

    async def RecordDeliveryReceipts(
        self, request: messaging_pb2.RecordDeliveryReceiptsRequest, context: Context
    ) -> messaging_pb2.RecordDeliveryReceiptsResponse:
        response = await super().RecordDeliveryReceipts(request, context)
        for result in response.results:
            result.message.carrier_status_code = self.receipt_code
        return response


def _refused(message: messaging_pb2.OutboundMessage) -> messaging_pb2.SendMessageResult:
    reason = error_reason_pb2.ERROR_REASON_RECIPIENT_OPTED_OUT
    return messaging_pb2.SendMessageResult(
        message_id=message.message_id,
        outcome=messaging_pb2.SEND_OUTCOME_REFUSED,
        state=messaging_pb2.MESSAGE_STATE_REFUSED,
        error=messaging_pb2.ItemError(reason=reason),
    )


@pytest.fixture
def carrier() -> BlockingCarrier:
    return BlockingCarrier()


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock, carrier: BlockingCarrier
) -> AsyncIterator[RunningService]:
    """One replica with two pools and this carrier."""
    async with running(redis_url, clock, SEED, SECOND, messaging=carrier) as replica:
        yield replica


async def is_opted_out(service: RunningService) -> bool:
    """Whether Alice is opted out, reported by the carrier."""
    request = opt_out_pb2.GetOptOutRequest(phone_number=ALICE_NUMBER)
    opt_out = (await ask(service.opt_outs.GetOptOut, request)).state
    return opt_out.source == opt_out_pb2.OPT_OUT_SOURCE_CARRIER


async def ended_by_opt_out(service: RunningService, conversation: pb.Conversation) -> None:
    """Waits until the conversation has ended and Bob has been notified."""

    async def over() -> bool:
        current = await service.get(conversation.conversation_id)
        return current.end_reason == pb.END_REASON_OPTED_OUT

    await eventually(over)
    assert (await service.heard(BOB_NUMBER, 1))[-1] == system_message(Template.ENDED)


async def test_a_message_refused_as_opted_out_opts_out_and_ends_all_conversations(
    service: RunningService, carrier: BlockingCarrier
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    other = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=OTHER_MASKED)
    carrier.blocked.add(ALICE_NUMBER)
    await service.deliver(BOB_NUMBER, "are you there?")
    await ended_by_opt_out(service, conversation)
    await ended_by_opt_out(service, other)
    assert await is_opted_out(service)
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == []
    events = kinds(await service.timeline(conversation.conversation_id))
    assert ("MESSAGE_REFUSED", "OPTED_OUT") in events
    assert ("CONVERSATION_ENDED", "OPTED_OUT") in events


async def test_a_receipt_with_the_opt_out_code_opts_out_and_ends_the_conversation(
    service: RunningService, carrier: BlockingCarrier
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(BOB_NUMBER, "are you there?")
    await service.heard(ALICE_NUMBER, 1)
    carrier.receipt_state = messaging_pb2.MESSAGE_STATE_UNDELIVERED
    carrier.receipt_code = OPTED_OUT_CODE
    [message] = service.sent()
    await service.receipts(message.message_id)
    await service.receipts(message.message_id)
    await ended_by_opt_out(service, conversation)
    assert await is_opted_out(service)
    events = kinds(await service.timeline(conversation.conversation_id))
    assert events.count(("MESSAGE_UNDELIVERED", "OPTED_OUT")) == 1
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == [system_message(Template.ENDED)]


async def test_an_opt_out_found_in_one_pool_applies_to_all(
    service: RunningService, carrier: BlockingCarrier
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    carrier.blocked.add(ALICE_NUMBER)
    await service.deliver(ALICE_NUMBER, "start", to=ELSEWHERE)
    await ended_by_opt_out(service, conversation)
    request = pb.ListConversationsRequest(pool=SECOND.name)
    [elsewhere] = (await ask(service.stub.ListConversations, request)).conversations
    assert elsewhere.end_reason == pb.END_REASON_OPTED_OUT
    assert conversation.masked_number == MASKED


async def test_a_receipt_with_another_code_does_not_opt_out(
    service: RunningService, carrier: BlockingCarrier
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(BOB_NUMBER, "are you there?")
    await service.heard(ALICE_NUMBER, 1)
    carrier.receipt_state = messaging_pb2.MESSAGE_STATE_UNDELIVERED
    carrier.receipt_code = OPTED_OUT_CODE + 1
    await service.receipts(service.sent()[0].message_id)
    events = kinds(await service.timeline(conversation.conversation_id))
    assert ("MESSAGE_UNDELIVERED", "") in events
    assert not await is_opted_out(service)


async def test_queued_messages_to_a_person_who_opts_out_are_not_sent(
    service: RunningService, carrier: BlockingCarrier
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    carrier.gate.clear()
    await service.deliver(BOB_NUMBER, "at the carrier")

    async def is_at_the_carrier() -> bool:
        return carrier.calls > 0

    await eventually(is_at_the_carrier)
    await service.deliver(BOB_NUMBER, "behind it")
    request = opt_out_pb2.OptOutRequest(phone_number=ALICE_NUMBER)
    await ask(service.opt_outs.OptOut, request)
    carrier.gate.set()
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == ["at the carrier"]
    assert service.sent_to(BOB_NUMBER) == [system_message(Template.ENDED)]
    events = kinds(await service.timeline(conversation.conversation_id))
    assert events.count(("MESSAGE_REFUSED", "OPTED_OUT")) == 1
