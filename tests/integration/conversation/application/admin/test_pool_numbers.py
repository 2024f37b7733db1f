"""Adding, draining and removing masked numbers; each belongs to one pool."""

from conversation_service.domain.templates.catalog import Template
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import error_reason_pb2, opt_out_pb2, pool_pb2
from support.builders.conversation_calls import ask, filled, refused
from support.builders.conversations import (
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    system_message,
)
from support.observation.watching import wait_for_event
from support.services.conversation_service import RunningService

NUMBER = "+12065550102"
ACTIVE, DRAINING = pool_pb2.NUMBER_STATE_ACTIVE, pool_pb2.NUMBER_STATE_DRAINING


async def add(service: RunningService, number: str = NUMBER, pool: str = "") -> pool_pb2.Pool:
    request = pool_pb2.AddNumberRequest(masked_number=number, pool=pool)
    return (await ask(service.pools.AddNumber, request)).pool


async def drain(service: RunningService, number: str = MASKED) -> pool_pb2.Pool:
    request = pool_pb2.DrainNumberRequest(masked_number=number)
    return (await ask(service.pools.DrainNumber, request)).pool


async def remove(service: RunningService, number: str = MASKED) -> pool_pb2.Pool:
    request = pool_pb2.RemoveNumberRequest(masked_number=number)
    return (await ask(service.pools.RemoveNumber, request)).pool


async def create(service: RunningService, name: str, *numbers: str) -> pool_pb2.Pool:
    settings = pool_pb2.PoolSettings(operator="Test exchange")
    request = pool_pb2.CreatePoolRequest(name=name, settings=settings, masked_numbers=numbers)
    return (await ask(service.pools.CreatePool, request)).pool


async def numbers(service: RunningService) -> dict[str, pool_pb2.MaskedNumber]:
    listed = await ask(service.pools.ListNumbers, pool_pb2.ListNumbersRequest())
    return {number.phone_number: number for number in listed.numbers}


async def test_an_added_number_works_on_every_replica_at_once(
    service: RunningService, another: RunningService
) -> None:
    before = await add(another)
    assert (before.number_count, before.is_seeded) == (3, False)
    await service.deliver(ALICE_NUMBER, "help", to=NUMBER)
    assert await service.heard(ALICE_NUMBER, 1) == [system_message(Template.HELP)]
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=NUMBER)
    assert conversation.masked_number == NUMBER
    await wait_for_event(service, "NUMBER_ADDED")


async def test_numbers_are_listed_in_order_with_their_live_conversations(
    service: RunningService,
) -> None:
    request = pool_pb2.AddNumberRequest(masked_number=NUMBER, is_reserved=True)
    await ask(service.pools.AddNumber, request)
    await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=OTHER_MASKED)
    await service.start(CAROL_NUMBER, OTHER_MASKED)
    await drain(service)
    listed = (await numbers(service)).values()
    assert [
        (number.phone_number, number.state, number.is_reserved, number.live_conversations)
        for number in listed
    ] == [
        (MASKED, DRAINING, False, 0),
        (OTHER_MASKED, ACTIVE, False, 2),
        (NUMBER, ACTIVE, True, 0),
    ]
    listing = pool_pb2.ListNumbersRequest(page_size=2)
    first = await ask(service.pools.ListNumbers, listing)
    listing.page_token = first.next_page_token
    second = await ask(service.pools.ListNumbers, listing)
    assert [*first.numbers, *second.numbers] == list(listed)
    assert second.next_page_token == ""


async def test_a_draining_number_keeps_its_conversations_and_gets_no_new_ones(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    started = await service.start(CAROL_NUMBER, MASKED)
    await drain(service)
    await service.deliver(ALICE_NUMBER, "still here")
    assert await service.heard(BOB_NUMBER, 1) == ["still here"]
    stranger = "+13605550144"
    await service.deliver(stranger, "start")
    assert await service.heard(stranger, 1) == [system_message(Template.NO_NEW_HERE)]
    with refused("NUMBER_NOT_ACTIVE"):
        await service.start(stranger, MASKED)
    assert (await service.start(stranger)).conversation.masked_number == OTHER_MASKED
    # The code is older than the drain.
    await service.join("+13605550155", started.code)
    await wait_for_event(service, "NUMBER_DRAINED")


async def test_a_drained_number_that_is_added_again_is_active(service: RunningService) -> None:
    await drain(service)
    assert (await add(service, MASKED)).number_count == 2
    assert (await numbers(service))[MASKED].state == ACTIVE
    await service.open(ALICE_NUMBER, BOB_NUMBER)


async def test_a_number_without_live_conversations_can_be_removed(
    service: RunningService, another: RunningService
) -> None:
    await another.deliver(CAROL_NUMBER, "help")
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    with refused("NUMBER_IN_USE"):
        await remove(service)
    await service.end(conversation.conversation_id)
    request = filled(pool_pb2.RemoveNumberRequest(masked_number=MASKED))
    removed = (await ask(service.pools.RemoveNumber, request)).pool
    assert removed.number_count == 1
    assert (await ask(service.pools.RemoveNumber, request)).pool == removed
    for replica in (service, another):
        result = await replica.deliver(ALICE_NUMBER, "anybody there?")
        assert result.outcome == pb.RECEIVE_OUTCOME_REFUSED
        assert result.error.reason == error_reason_pb2.ERROR_REASON_UNKNOWN_MASKED_NUMBER
    with refused("UNKNOWN_MASKED_NUMBER"):
        await remove(another)
    await wait_for_event(service, "NUMBER_REMOVED")


async def test_a_number_belongs_to_one_pool_until_it_is_removed_there(
    service: RunningService, another: RunningService
) -> None:
    await another.deliver(CAROL_NUMBER, "help")
    with refused("NUMBER_TAKEN"):
        await create(service, "taxis", NUMBER, MASKED)
    # The other claim of the failed call has been released.
    await create(service, "lost-property", NUMBER)
    await create(service, "taxis")
    with refused("NUMBER_TAKEN"):
        await add(another, MASKED, pool="taxis")
    await remove(service)
    await add(another, MASKED, pool="taxis")
    with refused("NUMBER_TAKEN"):
        await add(service, MASKED)
    for replica in (service, another):
        result = await replica.deliver(ALICE_NUMBER, "start")
        assert result.outcome == pb.RECEIVE_OUTCOME_ACCEPTED
    listed = await ask(service.stub.ListConversations, pb.ListConversationsRequest(pool="taxis"))
    assert [conversation.masked_number for conversation in listed.conversations] == [MASKED]


async def test_the_claim_of_a_failed_addition_is_released(service: RunningService) -> None:
    with refused("POOL_NOT_FOUND"):
        await add(service, pool="taxis")
    await add(service)


async def test_an_opt_out_ends_conversations_on_numbers_that_another_replica_has_added(
    service: RunningService, another: RunningService
) -> None:
    await add(service)
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=NUMBER)
    request = opt_out_pb2.OptOutRequest(phone_number=ALICE_NUMBER)
    await ask(another.opt_outs.OptOut, request)
    ended = await service.get(conversation.conversation_id)
    assert ended.end_reason == pb.END_REASON_OPTED_OUT
    assert await service.heard(BOB_NUMBER, 1) == [system_message(Template.ENDED)]
