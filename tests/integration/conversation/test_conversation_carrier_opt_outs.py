"""Opt-outs that the carrier knows of first: it refuses a text or reports code 1110."""

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
from support.clock import ManualClock
from support.conversation_calls import ask, kinds
from support.conversation_service import RunningService, running
from support.conversations import ALICE_NUMBER, BOB_NUMBER, MASKED, OTHER_MASKED, SEED, says, seeded
from support.eventually import eventually
from support.scripted_messaging import Context, ScriptedMessaging

ELSEWHERE = "+12065550102"
SECOND = seeded(ELSEWHERE, name="second")


@dataclass
class BlockingCarrier(ScriptedMessaging):
    """Sends nothing to some numbers, and says why; receipts may say the same.

    It sends nothing to anybody while its gate is closed.
    """

    blocked: set[str] = field(default_factory=set)
    receipt_code: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    async def SendMessages(
        self, request: messaging_pb2.SendMessagesRequest, context: Context
    ) -> messaging_pb2.SendMessagesResponse:
        self.asked += 1
        await self.gate.wait()
        passing = [one for one in request.messages if one.to_number not in self.blocked]
        passed = messaging_pb2.SendMessagesRequest(messages=passing)
        sent = {
            one.message_id: one for one in (await super().SendMessages(passed, context)).results
        }
        results = (sent.get(one.message_id) or _refused(one) for one in request.messages)
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
    """One replica with two pools before that carrier."""
    async with running(redis_url, clock, SEED, SECOND, messaging=carrier) as one:
        yield one


async def is_opted_out(service: RunningService) -> bool:
    """Whether it is known of Alice, from the carrier."""
    request = opt_out_pb2.GetOptOutRequest(phone_number=ALICE_NUMBER)
    known = (await ask(service.opt_outs.GetOptOut, request)).state
    return known.source == opt_out_pb2.OPT_OUT_SOURCE_CARRIER


async def ended_by_it(service: RunningService, conversation: pb.Conversation) -> None:
    """Waits for the end of a conversation, of which its other participant is told."""

    async def over() -> bool:
        known = await service.get(conversation.conversation_id)
        return known.end_reason == pb.END_REASON_OPTED_OUT

    await eventually(over)
    assert (await service.heard(BOB_NUMBER, 1))[-1] == says(Template.ENDED)


async def test_a_refused_text_opts_its_receiver_out_and_ends_what_they_are_in(
    service: RunningService, carrier: BlockingCarrier
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    other = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=OTHER_MASKED)
    carrier.blocked.add(ALICE_NUMBER)
    await service.says(BOB_NUMBER, "are you there?")
    await ended_by_it(service, conversation)
    await ended_by_it(service, other)
    assert await is_opted_out(service)
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == []
    told = kinds(await service.timeline(conversation.conversation_id))
    assert ("MESSAGE_REFUSED", "OPTED_OUT") in told
    assert ("CONVERSATION_ENDED", "OPTED_OUT") in told


async def test_a_receipt_that_tells_of_an_opt_out_does_the_same(
    service: RunningService, carrier: BlockingCarrier
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.says(BOB_NUMBER, "are you there?")
    await service.heard(ALICE_NUMBER, 1)
    carrier.receipt_state = messaging_pb2.MESSAGE_STATE_UNDELIVERED
    carrier.receipt_code = OPTED_OUT_CODE
    [message] = service.sent()
    await service.receipts(message.message_id)
    await service.receipts(message.message_id)
    await ended_by_it(service, conversation)
    assert await is_opted_out(service)
    told = kinds(await service.timeline(conversation.conversation_id))
    assert told.count(("MESSAGE_UNDELIVERED", "OPTED_OUT")) == 1
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == [says(Template.ENDED)]


async def test_an_opt_out_known_from_one_pool_holds_in_all(
    service: RunningService, carrier: BlockingCarrier
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    carrier.blocked.add(ALICE_NUMBER)
    await service.says(ALICE_NUMBER, "start", to=ELSEWHERE)
    await ended_by_it(service, conversation)
    request = pb.ListConversationsRequest(pool=SECOND.name)
    [elsewhere] = (await ask(service.stub.ListConversations, request)).conversations
    assert elsewhere.end_reason == pb.END_REASON_OPTED_OUT
    assert conversation.masked_number == MASKED


async def test_another_code_of_a_receipt_opts_nobody_out(
    service: RunningService, carrier: BlockingCarrier
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.says(BOB_NUMBER, "are you there?")
    await service.heard(ALICE_NUMBER, 1)
    carrier.receipt_state = messaging_pb2.MESSAGE_STATE_UNDELIVERED
    carrier.receipt_code = OPTED_OUT_CODE + 1
    await service.receipts(service.sent()[0].message_id)
    told = kinds(await service.timeline(conversation.conversation_id))
    assert ("MESSAGE_UNDELIVERED", "") in told
    assert not await is_opted_out(service)


async def test_what_still_waits_when_its_receiver_opts_out_is_not_sent(
    service: RunningService, carrier: BlockingCarrier
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    carrier.gate.clear()
    await service.says(BOB_NUMBER, "at the carrier")

    async def is_at_the_carrier() -> bool:
        return carrier.asked > 0

    await eventually(is_at_the_carrier)
    await service.says(BOB_NUMBER, "behind it")
    request = opt_out_pb2.OptOutRequest(phone_number=ALICE_NUMBER)
    await ask(service.opt_outs.OptOut, request)
    carrier.gate.set()
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == ["at the carrier"]
    assert service.sent_to(BOB_NUMBER) == [says(Template.ENDED)]
    told = kinds(await service.timeline(conversation.conversation_id))
    assert told.count(("MESSAGE_REFUSED", "OPTED_OUT")) == 1
