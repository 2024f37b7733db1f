"""Masked numbers from which the carrier delivers nothing to a person, after STOP to them."""

from collections.abc import AsyncIterator

import grpc
import pytest
from redis.asyncio import Redis

from conversation_service.domain.templates.catalog import Template
from conversation_service.rpc.core.status import DOMAIN
from conversation_service.store.conversations.commit import CARRIER_BLOCK_LIFETIME
from maskline.admin.v1 import person_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.messaging.v1 import messaging_pb2
from support.builders.conversation_calls import ask, participants, refused
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    system_message,
)
from support.builders.erasing import erase
from support.clock import ManualClock
from support.fakes.scripted_messaging import Context, ScriptedMessaging
from support.net.grpc_calls import reason
from support.services.conversation_service import RunningService, running

BLOCKED = "MASKED_NUMBER_BLOCKED_AT_CARRIER"
OPTED_OUT = messaging_pb2.FAILURE_REASON_OPTED_OUT
REFUSED = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_REJECTED,
    state=messaging_pb2.MESSAGE_STATE_FAILED,
    failure=messaging_pb2.Failure(reason=OPTED_OUT),
)


class OptedOutCarrier(ScriptedMessaging):
    """Its receipts report that the recipient has opted out."""

    async def RecordDeliveryReceipts(
        self, request: messaging_pb2.RecordDeliveryReceiptsRequest, context: Context
    ) -> messaging_pb2.RecordDeliveryReceiptsResponse:
        response = await super().RecordDeliveryReceipts(request, context)
        for result in response.results:
            result.message.failure.reason = OPTED_OUT
        return response


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    """One replica with this carrier."""
    carrier = OptedOutCarrier(receipt_state=messaging_pb2.MESSAGE_STATE_UNDELIVERED)
    async with running(redis_url, clock, messaging=carrier) as replica:
        yield replica


async def opt_in(service: RunningService) -> None:
    """Alice's opt-in by a client, which lifts no carrier's block."""
    await ask(service.people.OptInPerson, person_pb2.OptInPersonRequest(phone_number=ALICE_NUMBER))


async def is_blocked(service: RunningService, number: str = MASKED) -> bool:
    """Whether a new conversation of Alice is refused there because of the carrier."""
    request = pb.CreateConversationRequest(
        participants=participants(CAROL_NUMBER, ALICE_NUMBER), masked_number=number, silent=True
    )
    try:
        await ask(service.stub.CreateConversation, request)
    except grpc.aio.AioRpcError as refusal:
        return reason(refusal, DOMAIN) == BLOCKED
    return False


async def test_a_number_that_was_texted_stop_is_avoided_until_it_is_texted_unstop(
    service: RunningService,
) -> None:
    await service.deliver(ALICE_NUMBER, "Stop")
    await service.deliver(ALICE_NUMBER, "unstop", to=OTHER_MASKED)
    told = [system_message(Template.OPTED_IN), system_message(Template.NUMBERS_STOPPED)]
    assert await service.heard(ALICE_NUMBER, 2) == told
    assert service.sent()[-1].from_number == OTHER_MASKED
    assert await is_blocked(service)
    first = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number="")
    assert first.masked_number == OTHER_MASKED
    with refused("NO_NUMBER_AVAILABLE"):
        await service.open(ALICE_NUMBER, CAROL_NUMBER, masked_number="")
    assert (await service.open(BOB_NUMBER, CAROL_NUMBER, masked_number="")).masked_number == MASKED
    await service.deliver(ALICE_NUMBER, "UNSTOP")
    assert service.sent_to(ALICE_NUMBER) == told
    await service.end(first.conversation_id)
    assert not await is_blocked(service)


async def test_yes_names_no_blocked_numbers_whatever_comes_with_it(service: RunningService) -> None:
    await service.deliver(ALICE_NUMBER, "stop")
    words = ("yes", "quit", "unstop")
    await service.receive(*(service.text(ALICE_NUMBER, word, OTHER_MASKED) for word in words))
    replies = (Template.OPTED_IN, Template.OPTED_OUT, Template.OPTED_IN, Template.NUMBERS_STOPPED)
    assert await service.heard(ALICE_NUMBER, 4) == [system_message(reply) for reply in replies]


async def test_start_lifts_the_block_of_its_number_too(service: RunningService) -> None:
    await service.deliver(ALICE_NUMBER, "stop")
    await service.deliver(ALICE_NUMBER, "start")
    await service.heard(ALICE_NUMBER, 1)
    assert service.sent()[-1].from_number == MASKED
    await service.deliver(ALICE_NUMBER, "end")
    assert not await is_blocked(service)


async def test_stop_of_who_has_opted_out_already_blocks_that_number_too(
    service: RunningService,
) -> None:
    for number in (MASKED, OTHER_MASKED):
        await service.deliver(ALICE_NUMBER, "stop", to=number)
    await opt_in(service)
    assert await is_blocked(service, MASKED)
    assert await is_blocked(service, OTHER_MASKED)


async def test_words_that_no_carrier_acts_on_block_no_number(service: RunningService) -> None:
    await service.deliver(ALICE_NUMBER, "quit")
    await service.deliver(ALICE_NUMBER, "yes", to=OTHER_MASKED)
    assert not await is_blocked(service)


async def test_a_message_refused_as_opted_out_blocks_the_number_it_came_from(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=MASKED)
    service.messaging.answers["are you there?"] = [REFUSED]
    await service.deliver(BOB_NUMBER, "are you there?")
    await service.heard(BOB_NUMBER, 1)
    await opt_in(service)
    assert await is_blocked(service, MASKED)
    assert not await is_blocked(service, OTHER_MASKED)


async def test_a_receipt_that_reports_an_opt_out_blocks_the_number_it_came_from(
    service: RunningService, redis: Redis
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=MASKED)
    await service.deliver(BOB_NUMBER, "are you there?")
    await service.heard(ALICE_NUMBER, 1)
    [message] = service.sent()
    await service.receipts(message.message_id)
    await opt_in(service)
    assert await is_blocked(service, MASKED)
    assert not await is_blocked(service, OTHER_MASKED)
    [block] = [key async for key in redis.scan_iter("*:carrier-block:*")]
    days = CARRIER_BLOCK_LIFETIME.days
    assert (days - 1) * 86400 < await redis.ttl(block) <= days * 86400


async def test_an_opt_out_known_here_alone_blocks_no_number(service: RunningService) -> None:
    """Nothing was handed to the carrier, so it refused nothing."""
    await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=MASKED)
    request = person_pb2.OptOutPersonRequest(phone_number=ALICE_NUMBER)
    await ask(service.people.OptOutPerson, request)
    await service.quiet()
    await opt_in(service)
    service.clock.move(hours=1)
    assert not await is_blocked(service)


async def test_joining_and_reopening_are_refused_where_the_carrier_blocks(
    service: RunningService,
) -> None:
    ended = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=MASKED)
    await service.deliver(ALICE_NUMBER, "stop")
    await opt_in(service)
    reopening = pb.ReopenConversationRequest(conversation_id=ended.conversation_id)
    with refused(BLOCKED):
        await ask(service.stub.ReopenConversation, reopening)
    code = (await service.start(CAROL_NUMBER, MASKED)).join_code
    joining = pb.JoinConversationRequest(join_code=code, phone_number=ALICE_NUMBER)
    with refused(BLOCKED):
        await ask(service.stub.JoinConversation, joining)


async def test_an_erasure_keeps_the_block(service: RunningService) -> None:
    await service.deliver(ALICE_NUMBER, "stop")
    await erase(service, ALICE_NUMBER)
    await opt_in(service)
    assert await is_blocked(service)
