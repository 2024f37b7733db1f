"""OpenConversation, and the selection of masked numbers."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis

from conversation_service.domain.model.pool import NumberPreference
from conversation_service.domain.templates.catalog import Template
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import number_selection_pb2 as selection_pb
from maskline.conversation.v1 import pool_pb2
from maskline.conversation.v1.number_selection_pb2 import NumberSelection
from support.builders.conversation_calls import ask, filled, refused
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    seeded,
    system_message,
)
from support.clock import ManualClock
from support.services.conversation_service import RunningService, running

THIRD_MASKED = "+12065550102"
DAVE_NUMBER = "+13605550144"
ALICES_AREA = "+14255550101"
CAROLS_AREA = "+13605550101"
PREFER = NumberSelection(preference=selection_pb.NUMBER_PREFERENCE_PREFER_STICKY)
AVOID = NumberSelection(preference=selection_pb.NUMBER_PREFERENCE_AVOID_STICKY)
NEAR_FIRST = NumberSelection(area_code_of=selection_pb.AREA_CODE_OF_FIRST_PARTICIPANT)
NEAR_SECOND = NumberSelection(area_code_of=selection_pb.AREA_CODE_OF_SECOND_PARTICIPANT)


def between(*numbers: str, selection: NumberSelection | None = None) -> pb.OpenConversationRequest:
    return filled(pb.OpenConversationRequest(phone_numbers=numbers, selection=selection))


async def opened(service: RunningService, request: pb.OpenConversationRequest) -> str:
    """The masked number of the new conversation."""
    return (await ask(service.stub.OpenConversation, request)).conversation.masked_number


async def met_before(service: RunningService, masked_number: str) -> None:
    """Alice and Bob had a conversation on this number, and its cool-off is over."""
    met = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=masked_number)
    await service.end(met.conversation_id)
    service.clock.move(minutes=3)


async def test_both_are_notified_and_messages_are_relayed(service: RunningService) -> None:
    request = between(ALICE_NUMBER, BOB_NUMBER)
    conversation = (await ask(service.stub.OpenConversation, request)).conversation
    assert conversation.state == pb.CONVERSATION_STATE_ACTIVE
    assert len(conversation.participants) == 2
    assert conversation.HasField("join_time")
    await service.deliver(BOB_NUMBER, "hello", to=conversation.masked_number)
    assert await service.heard(ALICE_NUMBER, 2) == [system_message(Template.OPENED), "hello"]
    assert await service.heard(BOB_NUMBER, 1) == [system_message(Template.OPENED)]


async def test_a_silent_opening_notifies_nobody(service: RunningService) -> None:
    request = between(ALICE_NUMBER, BOB_NUMBER)
    request.is_silent = True
    await ask(service.stub.OpenConversation, request)
    await service.quiet()
    assert service.sent() == []


async def test_each_conversation_of_a_person_has_another_number(service: RunningService) -> None:
    numbers = {
        await opened(service, between(ALICE_NUMBER, partner)) for partner in (BOB_NUMBER,) * 2
    }
    assert numbers == {MASKED, OTHER_MASKED}
    with refused("NO_NUMBER_AVAILABLE"):
        await opened(service, between(CAROL_NUMBER, ALICE_NUMBER))


async def test_conversations_are_spread_over_the_numbers(service: RunningService) -> None:
    people = [f"+1425555013{digit}" for digit in range(8)]
    pairs = zip(people[::2], people[1::2], strict=True)
    numbers = [await opened(service, between(*pair)) for pair in pairs]
    assert numbers == [MASKED, OTHER_MASKED] * 2


@pytest.mark.parametrize(
    ("preference", "selection", "is_sticky"),
    [
        (NumberPreference.PREFER_STICKY, None, True),
        (NumberPreference.PREFER_STICKY, AVOID, False),
        (NumberPreference.AVOID_STICKY, None, False),
        (NumberPreference.AVOID_STICKY, PREFER, True),
    ],
)
async def test_a_pair_gets_its_last_number_again_if_the_pool_or_the_client_prefers_that(
    redis: Redis,
    redis_url: str,
    clock: ManualClock,
    preference: NumberPreference,
    selection: NumberSelection | None,
    is_sticky: bool,
) -> None:
    pool = seeded(MASKED, OTHER_MASKED, THIRD_MASKED, settings={"number_preference": preference})
    async with running(redis_url, clock, pool) as service:
        await met_before(service, THIRD_MASKED)
        number = await opened(service, between(ALICE_NUMBER, BOB_NUMBER, selection=selection))
        assert (number == THIRD_MASKED) is is_sticky


async def test_the_cool_off_does_not_apply_to_the_same_pair(service: RunningService) -> None:
    first = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.end(first.conversation_id)
    with refused("NUMBER_COOLING"):
        await service.open(ALICE_NUMBER, CAROL_NUMBER)
    again = await service.open(BOB_NUMBER, ALICE_NUMBER)
    assert again.masked_number == MASKED
    assert again.conversation_id != first.conversation_id
    await service.deliver(ALICE_NUMBER, "hello again")
    assert (await service.heard(BOB_NUMBER, 2))[1:] == ["hello again"]


@pytest.mark.parametrize(
    ("near", "number"), [(NEAR_FIRST, CAROLS_AREA), (NEAR_SECOND, ALICES_AREA)]
)
async def test_a_number_with_the_area_code_of_a_participant_is_preferred(
    redis: Redis, redis_url: str, clock: ManualClock, near: NumberSelection, number: str
) -> None:
    pool = seeded(MASKED, ALICES_AREA, CAROLS_AREA)
    async with running(redis_url, clock, pool) as service:
        assert await opened(service, between(CAROL_NUMBER, ALICE_NUMBER, selection=near)) == number
        # That number is in use by both now, so another area code is selected.
        elsewhere = await opened(service, between(CAROL_NUMBER, ALICE_NUMBER, selection=near))
        assert elsewhere != number


async def test_a_start_may_prefer_the_area_code_of_the_person(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with running(redis_url, clock, seeded(MASKED, ALICES_AREA)) as service:
        request = pb.StartConversationRequest(phone_number=ALICE_NUMBER, selection=NEAR_FIRST)
        started = await ask(service.stub.StartConversation, request)
        assert started.conversation.masked_number == ALICES_AREA


async def test_a_reserved_number_is_selected_only_on_request(service: RunningService) -> None:
    number = pool_pb2.AddNumberRequest(masked_number=THIRD_MASKED, is_reserved=True)
    await ask(service.pools.AddNumber, number)
    for masked_number in (MASKED, OTHER_MASKED):
        await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=masked_number)
    with refused("NO_NUMBER_AVAILABLE"):
        await opened(service, between(ALICE_NUMBER, BOB_NUMBER))
    any_number = NumberSelection(allows_reserved=True)
    request = between(ALICE_NUMBER, BOB_NUMBER, selection=any_number)
    assert await opened(service, request) == THIRD_MASKED
    named = await service.open(CAROL_NUMBER, DAVE_NUMBER, masked_number=THIRD_MASKED)
    assert named.masked_number == THIRD_MASKED


async def test_the_lifetimes_of_the_pool_count_from_the_opening(service: RunningService) -> None:
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    begun = conversation.create_time.ToDatetime()
    assert conversation.expire_time.ToDatetime() == begun + timedelta(days=7)
    assert conversation.latest_end_time.ToDatetime() == begun + timedelta(days=90)
