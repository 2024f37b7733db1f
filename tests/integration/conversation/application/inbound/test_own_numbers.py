"""Masked numbers are nobody's phone: not of a sender, not of a participant, of no pool."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from conversation_service.domain.templates.catalog import Template
from maskline.admin.v1 import pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.ingest.v1 import ingest_pb2
from runtime.grpc.status import details_of
from support.builders.conversation_calls import ask, kinds, participants, refused
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
from support.services.conversation_service import RunningService, running

ELSEWHERE = "+12065550102"
SECOND = seeded(ELSEWHERE, name="second")
OWN = [MASKED, OTHER_MASKED, ELSEWHERE]


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    """One replica with two pools."""
    async with running(redis_url, clock, SEED, SECOND) as replica:
        yield replica


@pytest.mark.parametrize("sender", OWN)
@pytest.mark.parametrize("body", ["start", "hello", "stop"])
async def test_a_text_of_a_masked_number_is_refused(
    service: RunningService, sender: str, body: str
) -> None:
    alice, own, bob = (
        await service.receive(
            service.text(ALICE_NUMBER, "start"),
            service.text(sender, body),
            service.text(BOB_NUMBER, "hello"),
        )
    ).results
    assert own.outcome == ingest_pb2.INGEST_OUTCOME_REFUSED
    assert details_of(own.error).reason == "INVALID_ARGUMENT"
    assert alice.outcome == bob.outcome == ingest_pb2.INGEST_OUTCOME_ACCEPTED
    await service.quiet()
    assert service.sent_to(sender) == []


@pytest.mark.parametrize("number", OWN)
async def test_a_masked_number_is_no_participant(service: RunningService, number: str) -> None:
    with refused("INVALID_ARGUMENT"):
        await ask(
            service.stub.CreateConversation,
            pb.CreateConversationRequest(participants=participants(number)),
        )
    for pair in ([number, ALICE_NUMBER], [ALICE_NUMBER, number]):
        with refused("INVALID_ARGUMENT"):
            request = pb.CreateConversationRequest(participants=participants(*pair))
            await ask(service.stub.CreateConversation, request)
    started = await service.start(ALICE_NUMBER)
    with refused("INVALID_ARGUMENT"):
        join = pb.JoinConversationRequest(join_code=started.join_code, phone_number=number)
        await ask(service.stub.JoinConversation, join)
    await service.quiet()
    assert service.sent_to(number) == []


async def test_nothing_is_relayed_to_a_participant_whose_number_became_a_masked_number(
    service: RunningService,
) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await ask(
        service.pools.AddMaskedNumber, pool_pb2.AddMaskedNumberRequest(masked_number=BOB_NUMBER)
    )
    await service.deliver(ALICE_NUMBER, "hello")
    assert await service.heard(ALICE_NUMBER, 1) == [system_message(Template.NOT_DELIVERED)]
    await service.quiet()
    assert service.sent_to(BOB_NUMBER) == []
    events = kinds(await service.timeline(conversation.conversation_id))
    assert "MESSAGE_FAILED" in dict(events)
