"""An erasure that is not done at once is done later, by whichever replica."""

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from functools import partial
from typing import cast

import pytest
from redis.asyncio import Redis

from conversation_service.domain.model.participants import Person
from conversation_service.store.erasure.person_data import PersonDataEraser
from conversation_service.store.keyspace.deployment_keys import DeploymentKeys
from conversation_service.store.keyspace.keys import parse_key
from maskline.admin.v1 import person_pb2
from support.builders.conversation_calls import ask
from support.builders.conversations import (
    ALICE,
    ALICE_NUMBER,
    BOB_NUMBER,
    MASKED,
    OTHER_MASKED,
    seeded,
)
from support.builders.erasing import (
    Meanwhile,
    allow,
    conversations_of,
    erase,
    erased,
    failing,
    has_opted_out,
    once,
)
from support.clock import ManualClock
from support.eventually import eventually
from support.services.conversation_service import RunningService, running


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    """One replica with a pool that lets people erase themselves."""
    pool = seeded(MASKED, OTHER_MASKED, settings={"keywords.erase_enabled": True})
    async with running(redis_url, clock, pool) as replica:
        yield replica


async def test_what_a_failure_left_undone_is_done_later_even_if_the_pool_has_come_to_refuse_it(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    with failing(monkeypatch, "conversations"):
        await service.deliver(ALICE_NUMBER, "erase my data")
        await allow(service, allows=False)
        assert await conversations_of(service, ALICE_NUMBER) != []
    await eventually(partial(_is_erased, service))
    await service.quiet()
    assert len(service.sent_to(ALICE_NUMBER)) == 1


async def test_an_erasure_that_failed_ends_nothing_that_was_begun_since(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await service.open(ALICE_NUMBER, BOB_NUMBER)
    with failing(monkeypatch, "conversations"):
        await service.deliver(ALICE_NUMBER, "erase my data")
        await service.deliver(ALICE_NUMBER, "start", to=OTHER_MASKED)
        assert first.conversation_id in await conversations_of(service, ALICE_NUMBER)

    async def is_only_the_new_one_left() -> bool:
        left = await conversations_of(service, ALICE_NUMBER)
        return len(left) == 1 and left != [first.conversation_id]

    await eventually(is_only_the_new_one_left)
    assert not await has_opted_out(service)


async def test_what_a_pair_had_goes_although_a_failure_came_after_their_conversation(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    with failing(monkeypatch, "history"):
        pending = await erase(service, request_id="r")
    assert pending.state == person_pb2.ERASURE_STATE_PENDING
    done = await erased(service, pending.erasure_id)
    assert await erase(service, request_id="r") == done
    assert await _kinds(service.redis) & {"last-number", "history"} == set()


async def test_another_replica_carries_out_what_a_crash_left_undone(
    service: RunningService,
    redis: Redis,
    redis_url: str,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    waits = asyncio.Event()
    once(monkeypatch, "texts", _forever(waits))
    monkeypatch.setattr("conversation_service.application.erasure.ANSWER_WITHIN_SECONDS", 0.1)
    pending = await erase(service)
    assert pending.state == person_pb2.ERASURE_STATE_PENDING
    assert not pending.HasField("complete_time")
    assert await has_opted_out(service)
    record = cast("bytes", await redis.get(DeploymentKeys().erasure(pending.erasure_id)))
    assert ALICE.person_id.encode() not in record
    async with running(redis_url, clock) as other:
        # The lease of a replica that crashed expires.
        await redis.delete(DeploymentKeys().erasure_lease(pending.erasure_id))
        done = await erased(other, pending.erasure_id)
    assert await conversations_of(service, ALICE_NUMBER) == []
    record = cast("bytes", await redis.get(DeploymentKeys().erasure(pending.erasure_id)))
    assert record.endswith(b"]\n"), "nobody is named any more"
    # The replica has not crashed, but is late: it changes nothing any more.
    waits.set()
    request = person_pb2.GetErasureRequest(erasure_id=pending.erasure_id)
    assert (await ask(service.people.GetErasure, request)).erasure == done


async def test_two_replicas_do_not_carry_out_the_same_erasure(
    service: RunningService, redis_url: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    waits, began = asyncio.Event(), list[str]()
    monkeypatch.setattr("conversation_service.application.erasure.ANSWER_WITHIN_SECONDS", 0.1)
    real = PersonDataEraser.texts

    async def texts(
        self: PersonDataEraser, person: Person, ids: AbstractSet[str], *, only_theirs: bool
    ) -> int:
        began.append("texts")
        await waits.wait()
        return await real(self, person, ids, only_theirs=only_theirs)

    monkeypatch.setattr(PersonDataEraser, "texts", texts)
    pending = await erase(service, request_id="r")
    async with running(redis_url, clock) as other:
        assert (await erase(other, request_id="r")) == pending
    assert began == ["texts"]
    waits.set()
    assert (await erased(service, pending.erasure_id)).erased_conversation_count == 1


async def _is_erased(service: RunningService) -> bool:
    return await conversations_of(service, ALICE_NUMBER) == []


def _forever(waits: asyncio.Event) -> Meanwhile:
    async def wait() -> None:
        await waits.wait()

    return wait


async def _kinds(redis: Redis) -> set[str]:
    return {parse_key(key.decode()).kind async for key in redis.scan_iter()}
