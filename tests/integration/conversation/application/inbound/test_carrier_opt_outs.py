"""Opt-outs reported by the carrier: a refused message, or a delivery receipt with code 1110."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from conversation_service.domain.templates.catalog import Template
from maskline.admin.v1 import person_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.messaging.v1 import messaging_pb2
from support.builders.conversation_calls import ask, kinds, participants
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
    outcome=messaging_pb2.SEND_OUTCOME_REJECTED,
    state=messaging_pb2.MESSAGE_STATE_FAILED,
    failure=messaging_pb2.Failure(reason=messaging_pb2.FAILURE_REASON_OPTED_OUT),
)


class FailingCarrier(ScriptedMessaging):
    """Its receipts report a failure, always with the code 1110."""

    reason = messaging_pb2.FAILURE_REASON_CARRIER_REJECTED

    async def RecordDeliveryReceipts(
        self, request: messaging_pb2.RecordDeliveryReceiptsRequest, context: Context
    ) -> messaging_pb2.RecordDeliveryReceiptsResponse:
        response = await super().RecordDeliveryReceipts(request, context)
        for result in response.results:
            result.message.failure.reason = self.reason
            result.message.failure.carrier_code = "1110"
        return response


@pytest.fixture
def carrier() -> FailingCarrier:
    return FailingCarrier(receipt_state=messaging_pb2.MESSAGE_STATE_UNDELIVERED)


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock, carrier: FailingCarrier
) -> AsyncIterator[RunningService]:
    """One replica with two pools and this carrier."""
    async with running(redis_url, clock, SEED, SECOND, messaging=carrier) as replica:
        yield replica


async def is_opted_out(service: RunningService) -> bool:
    """Whether Alice is opted out, reported by the carrier."""
    request = person_pb2.GetOptOutRequest(phone_number=ALICE_NUMBER)
    opt_out = (await ask(service.people.GetOptOut, request)).opt_out
    return opt_out.source == person_pb2.OPT_OUT_SOURCE_CARRIER


async def test_a_message_refused_as_opted_out_opts_out_and_ends_all_conversations(
    service: RunningService,
) -> None:
    first = await service.open(ALICE_NUMBER, BOB_NUMBER)
    second = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=OTHER_MASKED)
    await service.introduce(ALICE_NUMBER, BOB_NUMBER, pool=SECOND.name)
    request = pb.CreateConversationRequest(
        pool_id=SECOND.name, participants=participants(ALICE_NUMBER, BOB_NUMBER), silent=True
    )
    elsewhere = (await ask(service.stub.CreateConversation, request)).conversation
    service.messaging.answers["are you there?"] = [REFUSED]
    await service.deliver(BOB_NUMBER, "are you there?")

    async def are_over() -> bool:
        requests = (
            pb.GetConversationRequest(pool_id=place.pool_id, conversation_id=place.conversation_id)
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


@pytest.mark.parametrize(
    ("reason", "recorded"),
    [
        (messaging_pb2.FAILURE_REASON_OPTED_OUT, "OPTED_OUT"),
        (messaging_pb2.FAILURE_REASON_UNREACHABLE, "UNREACHABLE"),
        (messaging_pb2.FailureReason.ValueType(99), "CARRIER_REJECTED"),
    ],
)
async def test_only_a_receipt_that_reports_an_opt_out_opts_out_and_ends_the_conversation(
    service: RunningService,
    carrier: FailingCarrier,
    reason: messaging_pb2.FailureReason.ValueType,
    recorded: str,
) -> None:
    opts_out = reason == messaging_pb2.FAILURE_REASON_OPTED_OUT
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(BOB_NUMBER, "are you there?")
    await service.heard(ALICE_NUMBER, 1)
    carrier.reason = reason
    [message] = service.sent()
    await service.receipts(message.message_id)
    await service.receipts(message.message_id)
    assert await is_opted_out(service) is opts_out
    notice = system_message(Template.ENDED if opts_out else Template.NOT_DELIVERED)
    assert await service.heard(BOB_NUMBER, 1) == [notice]
    events = kinds(await service.timeline(conversation.conversation_id))
    assert events.count(("MESSAGE_UNDELIVERED", f"{recorded} 1110")) == 1
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == [notice]
