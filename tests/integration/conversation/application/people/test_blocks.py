"""Blocks are listed, and people meet again when their blocks are deleted."""

from datetime import UTC
from typing import cast

from redis.asyncio import Redis

from conversation_service.store.keyspace.keys import Keys
from maskline.admin.v1 import person_pb2 as pb
from support.builders.conversation_calls import ask, kinds, refused
from support.builders.conversations import (
    ALICE,
    ALICE_NUMBER,
    BOB,
    BOB_NUMBER,
    CAROL,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    POOL,
)
from support.builders.erasing import erase
from support.services.conversation_service import RunningService


async def blocked(
    service: RunningService, blocker: str, other: str, masked_number: str = MASKED
) -> str:
    """One of two people blocks the other; returns their conversation."""
    talk = await service.open(blocker, other, masked_number=masked_number)
    await service.deliver(blocker, "block", to=masked_number)
    return talk.conversation_id


async def blocks(
    service: RunningService, participant_id: str = "", size: int = 0
) -> list[pb.Block]:
    """All pages of this size."""
    request = pb.ListBlocksRequest(participant_id=participant_id, page_size=size)
    found: list[pb.Block] = []
    while True:
        response = await ask(service.people.ListBlocks, request)
        found += response.blocks
        request.page_token = response.next_page_token
        if not request.page_token:
            return found


async def delete(service: RunningService, block_id: str, request_id: str = "") -> None:
    request = pb.DeleteBlockRequest(block_id=block_id, request_id=request_id)
    await ask(service.people.DeleteBlock, request)


async def last_event(redis: Redis) -> tuple[bytes, bytes]:
    """Its type and its conversation."""
    entries = await redis.xrevrange(Keys(POOL.name).events, count=1)
    [(_, event)] = cast("list[tuple[bytes, dict[bytes, bytes]]]", entries)
    return event[b"type"], event[b"conversation"]


async def test_a_block_names_who_made_it_against_whom_when_and_where(
    service: RunningService,
) -> None:
    conversation_id = await blocked(service, ALICE_NUMBER, BOB_NUMBER)
    [block] = await blocks(service)
    assert block.blocker_participant_id == ALICE.participant_id
    assert block.blocked_participant_id == BOB.participant_id
    assert block.create_time.ToDatetime(UTC) == service.clock.now()
    assert block.conversation_id == conversation_id


async def test_blocks_are_listed_by_participant_the_oldest_first(service: RunningService) -> None:
    await blocked(service, ALICE_NUMBER, BOB_NUMBER)
    service.clock.move(seconds=1)
    await blocked(service, CAROL_NUMBER, ALICE_NUMBER, OTHER_MASKED)
    whole = await blocks(service)
    assert len(whole) == 2
    assert await blocks(service, ALICE.participant_id, size=1) == whole
    assert await blocks(service, BOB.participant_id) == whole[:1]
    assert await blocks(service, CAROL.participant_id) == whole[1:]
    assert await blocks(service, "nobody") == []


async def test_people_whose_block_is_deleted_meet_again(
    service: RunningService, another: RunningService
) -> None:
    conversation_id = await blocked(service, ALICE_NUMBER, BOB_NUMBER)
    [block] = await blocks(service)
    await delete(service, block.block_id, "r")
    await delete(another, block.block_id, "r")
    assert await blocks(another) == []
    assert kinds(await service.timeline(conversation_id))[-1] == ("PARTICIPANT_UNBLOCKED", "")
    await another.open(ALICE_NUMBER, BOB_NUMBER, masked_number=OTHER_MASKED)
    with refused("BLOCK_NOT_FOUND"):
        await delete(service, block.block_id, "another")
    with refused("REQUEST_ID_REUSED"):
        await delete(service, "another", "r")


async def test_two_who_blocked_each_other_meet_only_when_no_block_is_left(
    service: RunningService,
) -> None:
    for number in (MASKED, OTHER_MASKED):
        await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=number)
    await service.deliver(ALICE_NUMBER, "block")
    await service.deliver(BOB_NUMBER, "block", to=OTHER_MASKED)
    first, second = await blocks(service)
    assert first.blocker_participant_id == second.blocked_participant_id
    await delete(service, first.block_id)
    with refused("PAIR_BLOCKED"):
        await service.open(ALICE_NUMBER, BOB_NUMBER)
    await delete(service, second.block_id)
    service.clock.move(hours=25)
    await service.open(ALICE_NUMBER, BOB_NUMBER)


async def test_an_erased_person_is_still_kept_apart_and_the_block_still_listed(
    service: RunningService, redis: Redis
) -> None:
    await blocked(service, ALICE_NUMBER, BOB_NUMBER)
    [before] = await blocks(service)
    await erase(service, BOB_NUMBER)
    [after] = await blocks(service)
    assert after.conversation_id == "", "the conversation is gone"
    assert after.block_id == before.block_id
    with refused("PAIR_BLOCKED"):
        await ask(service.people.OptInPerson, pb.OptInPersonRequest(phone_number=BOB_NUMBER))
        await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=OTHER_MASKED)
    await delete(service, after.block_id)
    assert await last_event(redis) == (b"PARTICIPANT_UNBLOCKED", b"")


async def test_the_event_names_no_conversation_that_is_not_kept(
    service: RunningService, redis: Redis
) -> None:
    conversation_id = await blocked(service, ALICE_NUMBER, BOB_NUMBER)
    [block] = await blocks(service)
    # As if it had been purged a moment before the block's own key expires.
    await redis.delete(Keys(POOL.name).conversation(conversation_id))
    await delete(service, block.block_id)
    assert await last_event(redis) == (b"PARTICIPANT_UNBLOCKED", b"")
