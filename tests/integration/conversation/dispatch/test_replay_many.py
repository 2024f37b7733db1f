"""All dead letters of one reason are queued again, each once and each on its own."""

from functools import partial

import pytest
from google.rpc import code_pb2
from redis.asyncio import Redis

from conversation_service.application.admin import dead_letters as admin
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.outbox.dead_letters import DeadLetters
from maskline.admin.v1 import dead_letter_pb2 as pb
from maskline.admin.v1.dead_letter_pb2_grpc import DeadLetterServiceStub
from maskline.conversation.v1 import event_pb2
from runtime.grpc.status import details_of
from support.builders.conversation_calls import ask, refused
from support.builders.conversations import ALICE_NUMBER, BOB_NUMBER, POOL
from support.builders.dead_letters import REJECTED, damaged, dead_letters
from support.services.conversation_service import RunningService

INVALID = event_pb2.DEAD_LETTER_REASON_INVALID
UNREADABLE = event_pb2.DEAD_LETTER_REASON_UNREADABLE
BODIES = ["one", "two", "three"]


async def replay(
    service: RunningService,
    request_id: str = "",
    reason: event_pb2.DeadLetterReason.ValueType = INVALID,
    limit: int = 0,
    token: str = "",
) -> pb.ReplayDeadLettersResponse:
    request = pb.ReplayDeadLettersRequest(
        request_id=request_id, reason=reason, limit=limit, continuation_token=token
    )
    return await ask(DeadLetterServiceStub(service.channel).ReplayDeadLetters, request)


async def rejected(service: RunningService) -> list[str]:
    """Three messages that Bob wrote to Alice, as dead letters, and one that is unreadable."""
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await damaged(service)
    await dead_letters(service, 1)
    for count, body in enumerate(BODIES, start=2):
        service.messaging.answers[body] = [REJECTED]
        await service.deliver(BOB_NUMBER, body)
        await dead_letters(service, count)
    return [letter.dead_letter_id for letter in await dead_letters(service, 4)][1:]


async def test_all_of_a_reason_are_sent_in_their_order_and_others_stay(
    service: RunningService,
) -> None:
    ids = await rejected(service)
    response = await replay(service)
    assert [result.dead_letter_id for result in response.results] == ids
    assert all(result.message_id for result in response.results)
    assert response.continuation_token == ""
    assert await service.heard(ALICE_NUMBER, 3) == BODIES
    assert [letter.reason for letter in await dead_letters(service, 1)] == [UNREADABLE]


async def test_a_limit_takes_the_oldest_and_the_token_goes_on(service: RunningService) -> None:
    ids, replayed, token = await rejected(service), list[str](), ""
    while True:
        response = await replay(service, limit=1, token=token)
        replayed += [result.dead_letter_id for result in response.results]
        token = response.continuation_token
        if not token:
            break
    assert replayed == ids


async def test_a_repeated_request_replays_no_others(
    service: RunningService, another: RunningService
) -> None:
    ids = await rejected(service)
    first = await replay(service, "r", limit=2)
    assert [result.dead_letter_id for result in first.results] == ids[:2]
    for replica in (service, another):
        assert await replay(replica, "r", limit=2) == first
    assert len(await dead_letters(service, 2)) == 2
    with refused("REQUEST_ID_REUSED"):
        await replay(service, "r", limit=3)
    await service.quiet()
    assert service.sent_to(ALICE_NUMBER) == BODIES[:2]


async def test_after_a_crash_the_repetition_goes_on_with_what_the_first_request_chose(
    service: RunningService, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await rejected(service)
    real, left = DeadLetters.replay, [None]

    async def crash(self: DeadLetters, *arguments: object) -> str | None:
        if not left:
            raise ConnectionError
        left.pop()
        return await partial(real, self)(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(DeadLetters, "replay", crash)
        with refused("BACKEND_UNAVAILABLE"):
            await replay(service, "r")
    assert len(await dead_letters(service, 3)) == 3
    discarded = pb.DiscardDeadLetterRequest(dead_letter_id=ids[1])
    await ask(DeadLetterServiceStub(service.channel).DiscardDeadLetter, discarded)
    first, second, third = (await replay(service, "r")).results
    assert (first.dead_letter_id, third.dead_letter_id) == (ids[0], ids[2])
    assert first.message_id
    assert third.message_id
    assert second.error.code == code_pb2.NOT_FOUND
    assert details_of(second.error).reason == "DEAD_LETTER_NOT_FOUND"
    assert await service.heard(ALICE_NUMBER, 2) == ["one", "three"]
    assert await redis.xlen(Keys(POOL.name).dead) == 1


async def test_what_cannot_be_read_is_an_error_of_its_item(service: RunningService) -> None:
    await rejected(service)
    [result] = (await replay(service, reason=UNREADABLE)).results
    assert result.error.code == code_pb2.FAILED_PRECONDITION
    assert details_of(result.error).reason == "DEAD_LETTER_UNREADABLE"


async def test_of_very_many_only_some_are_examined_at_once(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "PAGE", 1)
    monkeypatch.setattr(admin, "MAX_PAGES", 2)
    ids = await rejected(service)
    first = await replay(service)
    assert [result.dead_letter_id for result in first.results] == ids[:1]
    second = await replay(service, token=first.continuation_token)
    assert [result.dead_letter_id for result in second.results] == ids[1:]
