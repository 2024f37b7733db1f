"""Opt-outs reported by the carrier: a refused message, or a delivery receipt with code 1110."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from conversation_service.domain.templates.catalog import Template
from conversation_service.messaging.failures import OPTED_OUT_CODE
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import opt_out_pb2
from maskline.messaging.v1 import error_reason_pb2, messaging_pb2
from support.builders.conversation_calls import ask, kinds
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
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
REFUSED = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_REFUSED,
    state=messaging_pb2.MESSAGE_STATE_REFUSED,
    error=messaging_pb2.ItemError(reason=error_reason_pb2.ERROR_REASON_RECIPIENT_OPTED_OUT),
)


class CarrierWithCode(ScriptedMessaging):
    """Its receipts have a status code."""

    receipt_code = 0

    async def RecordDeliveryReceipts(
        self, request: messaging_pb2.RecordDeliveryReceiptsRequest, context: Context
    ) -> messaging_pb2.RecordDeliveryReceiptsResponse:
        response = await super().RecordDeliveryReceipts(request, context)
        for result in response.results:
            result.message.carrier_status_code = self.receipt_code
        return response


@pytest.fixture
def carrier() -> CarrierWithCode:
    return CarrierWithCode(receipt_state=messaging_pb2.MESSAGE_STATE_UNDELIVERED)


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock, carrier: CarrierWithCode
) -> AsyncIterator[RunningService]:
    """One replica with two pools and this carrier."""
    async with running(redis_url, clock, SEED, SECOND, messaging=carrier) as replica:
        yield replica


async def is_opted_out(service: RunningService) -> bool:
    """Whether Alice is opted out, reported by the carrier."""
    request = opt_out_pb2.GetOptOutRequest(phone_number=ALICE_NUMBER)
    opt_out = (await ask(service.opt_outs.GetOptOut, request)).state
    return opt_out.source == opt_out_pb2.OPT_OUT_SOURCE_CARRIER


async def test_a_message_refused_as_opted_out_opts_out_and_ends_all_conversations(
    service: RunningService,
) -> None:
    first = await service.open(ALICE_NUMBER, BOB_NUMBER)
    second = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=OTHER_MASKED)
    request = pb.OpenConversationRequest(
        pool=SECOND.name, phone_numbers=[ALICE_NUMBER, BOB_NUMBER], is_silent=True
    )
    elsewhere = (await ask(service.stub.OpenConversation, request)).conversation
    service.messaging.answers["are you there?"] = [REFUSED]
    await service.deliver(BOB_NUMBER, "are you there?")

    async def are_over() -> bool:
        requests = (
            pb.GetConversationRequest(pool=place.pool, conversation_id=place.conversation_id)
            for place in (first, second, elsewhere)
        )
        answers = [await ask(service.stub.GetConversation, request) for request in requests]
        return all(answer.conversation.end_reason == pb.END_REASON_OPTED_OUT for answer in answers)

    await eventually(are_over)
    assert await service.heard(BOB_NUMBER, 3) == [system_message(Template.ENDED)] * 3
    assert await is_opted_out(service)
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == []
    events = kinds(await service.timeline(first.conversation_id))
    assert {("MESSAGE_FAILED", "OPTED_OUT"), ("CONVERSATION_ENDED", "OPTED_OUT")} < set(events)


@pytest.mark.parametrize("code", [OPTED_OUT_CODE, OPTED_OUT_CODE + 1])
async def test_only_a_receipt_with_the_opt_out_code_opts_out_and_ends_the_conversation(
    service: RunningService, carrier: CarrierWithCode, code: int
) -> None:
    opts_out = code == OPTED_OUT_CODE
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(BOB_NUMBER, "are you there?")
    await service.heard(ALICE_NUMBER, 1)
    carrier.receipt_code = code
    [message] = service.sent()
    await service.receipts(message.message_id)
    await service.receipts(message.message_id)
    assert await is_opted_out(service) is opts_out
    notice = system_message(Template.ENDED if opts_out else Template.NOT_DELIVERED)
    assert await service.heard(BOB_NUMBER, 1) == [notice]
    events = kinds(await service.timeline(conversation.conversation_id))
    reason = "OPTED_OUT" if opts_out else "CARRIER_REJECTED"
    assert events.count(("MESSAGE_UNDELIVERED", f"{reason} {code}")) == 1
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == [notice]
