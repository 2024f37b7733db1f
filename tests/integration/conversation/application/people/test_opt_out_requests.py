"""Request ids of OptOut and OptIn: each changes the suppression list once, across both methods."""

import pytest
from redis.asyncio import Redis

from conversation_service.store.keyspace.keys import EVERY_KEY
from maskline.admin.v1 import person_pb2 as pb
from support.builders.conversation_calls import ask, refused
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER
from support.services.conversation_service import RunningService


async def opt_out(service: RunningService, request_id: str) -> pb.OptOut:
    request = pb.OptOutPersonRequest(phone_number=ALICE_NUMBER, request_id=request_id)
    return (await ask(service.people.OptOutPerson, request)).opt_out


async def opt_in(service: RunningService, request_id: str) -> pb.OptOut:
    request = pb.OptInPersonRequest(phone_number=ALICE_NUMBER, request_id=request_id)
    return (await ask(service.people.OptInPerson, request)).opt_out


async def current(service: RunningService) -> pb.OptOut:
    request = pb.GetOptOutRequest(phone_number=ALICE_NUMBER)
    return (await ask(service.people.GetOptOut, request)).opt_out


@pytest.mark.parametrize("by_text", [True, False])
async def test_a_repeated_opt_in_undoes_no_later_opt_out(
    service: RunningService, another: RunningService, by_text: bool
) -> None:
    assert not (await opt_in(service, "in")).opted_out
    if by_text:
        await service.deliver(ALICE_NUMBER, "STOP")
    else:
        await opt_out(service, "out")
    for replica in (service, another):
        assert not (await opt_in(replica, "in")).opted_out, "the first response"
    assert (await current(service)).opted_out
    assert not (await opt_in(service, "another")).opted_out
    assert not (await current(service)).opted_out


async def test_a_repeated_opt_out_undoes_no_later_opt_in_and_ends_no_new_conversation(
    service: RunningService, another: RunningService
) -> None:
    first = await opt_out(service, "out")
    await service.deliver(ALICE_NUMBER, "yes")
    conversation = await service.open(ALICE_NUMBER, BOB_NUMBER)
    service.clock.move(seconds=1)
    for replica in (service, another):
        assert await opt_out(replica, "out") == first
    assert not (await current(service)).opted_out
    assert not (await service.get(conversation.conversation_id)).HasField("end_time")


async def test_the_two_methods_share_their_request_ids(service: RunningService) -> None:
    await opt_out(service, "r")
    with refused("REQUEST_ID_REUSED"):
        await opt_in(service, "r")
    with refused("REQUEST_ID_REUSED"):
        request = pb.OptOutPersonRequest(phone_number=BOB_NUMBER, request_id="r")
        await ask(service.people.OptOutPerson, request)
    assert (await current(service)).opted_out


async def test_no_request_id_is_readable_in_redis(service: RunningService, redis: Redis) -> None:
    await opt_out(service, "order-4711")
    async for key in redis.scan_iter(EVERY_KEY):
        assert b"order-4711" not in key
        if await redis.type(key) == b"string":
            assert b"order-4711" not in (await redis.get(key) or b"")
