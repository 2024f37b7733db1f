"""Clients bring people into conversations within limits; people's own messages are apart."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import grpc
import pytest

from conversation_service.rpc.core.status import DOMAIN
from maskline.conversation.v1 import conversation_pb2 as pb
from support.builders.conversation_calls import ask, filled, participants, refused
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    seeded,
)
from support.clock import ManualClock
from support.net.grpc_calls import reason
from support.services.conversation_service import RunningService, running

DAY = timedelta(hours=24)
LIMITED = seeded(
    settings={
        "consent.max_openings_per_day": 3,
        "consent.reopen_pause": DAY,
        "lifecycle.cool_off": timedelta(0),
        "lifecycle.reopen_window": 2 * DAY,
    }
)
STRICT = seeded(settings={"consent.consent_reference_required": True})
REACHED = "CONTACT_LIMIT_REACHED"

# Each begins with an empty Redis.
pytestmark = pytest.mark.usefixtures("redis")


@pytest.fixture
async def service(redis_url: str, clock: ManualClock) -> AsyncIterator[RunningService]:
    async with running(redis_url, clock, LIMITED) as service:
        yield service


async def reopen(service: RunningService, conversation_id: str) -> pb.Conversation:
    request = pb.ReopenConversationRequest(conversation_id=conversation_id)
    return (await ask(service.stub.ReopenConversation, request)).conversation


async def test_creating_joining_and_reopening_count_together(service: RunningService) -> None:
    created = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.end(created.conversation_id)
    await reopen(service, created.conversation_id)
    await service.end(created.conversation_id)
    code = (await service.start(CAROL_NUMBER)).join_code
    joined = await service.join(BOB_NUMBER, code)
    await service.end(joined.conversation_id)
    with refused(REACHED):
        await service.open(BOB_NUMBER, CAROL_NUMBER)
    with refused(REACHED):
        await reopen(service, created.conversation_id)
    # Alice was brought in twice.
    await service.start(ALICE_NUMBER)
    service.clock.move(seconds=DAY.total_seconds())
    await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number="")


async def test_openings_at_the_same_time_do_not_pass_the_limit(
    redis_url: str, clock: ManualClock
) -> None:
    """At two replicas; more numbers than the limit, so that nothing else refuses any of them."""
    numbers = [f"+1206555018{index}" for index in range(6)]
    settings = {"consent.max_openings_per_day": 3}
    pool = seeded(*numbers, settings=settings)
    async with running(redis_url, clock, pool) as one, running(redis_url, clock, pool) as other:

        async def create(number: str, service: RunningService) -> str:
            people = participants(BOB_NUMBER, f"+1425555{number[-4:]}")
            request = pb.CreateConversationRequest(participants=people, masked_number=number)
            try:
                response = await ask(service.stub.CreateConversation, request)
            except grpc.aio.AioRpcError as error:
                return reason(error, DOMAIN)
            return pb.ConversationState.Name(response.conversation.state)

        outcomes = Counter(await asyncio.gather(*map(create, numbers, (one, other) * 3)))
    assert outcomes == {"CONVERSATION_STATE_ACTIVE": 3, REACHED: 3}


async def test_a_pair_meets_again_after_a_day_or_by_their_own_messages(
    service: RunningService,
) -> None:
    first = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(BOB_NUMBER, "end")
    for people in ((ALICE_NUMBER, BOB_NUMBER), (BOB_NUMBER, ALICE_NUMBER)):
        with refused(REACHED):
            await service.open(*people)
    with refused(REACHED):
        await reopen(service, first.conversation_id)
    code = (await service.start(ALICE_NUMBER, MASKED)).join_code
    with refused(REACHED):
        await service.join(BOB_NUMBER, code)
    await service.deliver(BOB_NUMBER, f"join {code}")
    assert "hello" in await relayed(service, ALICE_NUMBER, "hello")
    await service.deliver(BOB_NUMBER, "end")
    service.clock.move(seconds=DAY.total_seconds())
    assert (await service.open(ALICE_NUMBER, BOB_NUMBER)).state == pb.CONVERSATION_STATE_ACTIVE


async def relayed(service: RunningService, author: str, body: str) -> list[str]:
    """What Bob has been sent once this message was delivered and everything is sent."""
    await service.deliver(author, body)
    await service.quiet()
    return service.sent_to(BOB_NUMBER)


async def test_a_client_may_take_back_its_own_ending_at_once(service: RunningService) -> None:
    opened = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.end(opened.conversation_id)
    again = await reopen(service, opened.conversation_id)
    assert again.state == pb.CONVERSATION_STATE_ACTIVE


async def test_a_refused_or_repeated_request_counts_nothing(service: RunningService) -> None:
    request = filled(pb.CreateConversationRequest(participants=participants(BOB_NUMBER)))
    responses = [await service.stub.CreateConversation(request) for _ in range(5)]
    assert len({response.join_code for response in responses}) == 1
    await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=OTHER_MASKED)
    for _ in range(5):
        with refused("ALREADY_IN_CONVERSATION"):
            await service.open(CAROL_NUMBER, BOB_NUMBER, masked_number=OTHER_MASKED)


async def test_the_reference_of_each_person_is_shown_to_staff_and_sent_to_nobody(
    redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock, STRICT) as service:
        request = pb.CreateConversationRequest(participants=participants(ALICE_NUMBER))
        with refused("INVALID_ARGUMENT"):
            await ask(service.stub.CreateConversation, request)
        request.consent_reference = "form 7"
        started = await ask(service.stub.CreateConversation, request)
        join = pb.JoinConversationRequest(
            join_code=started.join_code,
            phone_number=BOB_NUMBER,
            consent_reference="call of 5 March",
            about="the red bicycle",
        )
        conversation = (await ask(service.stub.JoinConversation, join)).conversation
        stored = await service.get(conversation.conversation_id)
        references = [participant.consent_reference for participant in stored.participants]
        assert references == ["form 7", "call of 5 March"]
        [welcome] = await service.heard(BOB_NUMBER, 1)
        assert "the red bicycle" in welcome
        await service.quiet()
        bodies = " ".join(message.body for message in service.sent())
        assert not any(reference in bodies for reference in references)
