"""Erasing while others act, after a crash, and where little leads to what is stored."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from functools import partial
from typing import cast

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from redis.asyncio import Redis

from conversation_service.domain.model.participants import Person
from conversation_service.domain.templates.catalog import Template
from conversation_service.store.erasure.person_data import PersonDataEraser
from conversation_service.store.keyspace.keys import DeploymentKeys, Keys, parse_key
from maskline.admin.v1 import person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.messaging.v1 import messaging_pb2
from support.builders.conversation_calls import ask, filled
from support.builders.conversations import (
    ALICE,
    ALICE_NUMBER,
    BOB_NUMBER,
    CAROL_NUMBER,
    MASKED,
    OTHER_MASKED,
    POOL,
    seeded,
    system_message,
)
from support.builders.dead_letters import dead_letters
from support.builders.erasing import conversations_of, erase, has_opted_out, numbers_in
from support.clock import ManualClock
from support.eventually import eventually
from support.fakes.scripted_messaging import item_error
from support.services.conversation_service import RunningService, running

THIRD_MASKED = "+12065550103"
KEYS = Keys(POOL.name)
NOT_TAKEN = messaging_pb2.SendMessageResult(
    outcome=messaging_pb2.SEND_OUTCOME_REJECTED,
    state=messaging_pb2.MESSAGE_STATE_FAILED,
    error=item_error("INVALID_ARGUMENT"),
)

Entry = tuple[bytes, dict[bytes, bytes]]
Meanwhile = Callable[[], Awaitable[None]]


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    """One replica with a pool that lets people erase themselves."""
    pool = seeded(MASKED, OTHER_MASKED, THIRD_MASKED, settings={"keywords.erase_enabled": True})
    async with running(redis_url, clock, pool) as replica:
        yield replica


async def allow(service: RunningService, *, allows: bool) -> None:
    request = pool_pb2.UpdatePoolRequest(
        pool=pool_pb2.Pool(
            pool_id="main",
            settings=pool_pb2.PoolSettings(keywords=pool_pb2.KeywordSettings(erase_enabled=allows)),
        ),
        update_mask=FieldMask(paths=["settings.keywords.erase_enabled"]),
    )
    await ask(service.pools.UpdatePool, request)


async def reopen(service: RunningService, conversation_id: str) -> None:
    request = filled(pb.ReopenConversationRequest(conversation_id=conversation_id))
    await ask(service.stub.ReopenConversation, request)


def once(monkeypatch: pytest.MonkeyPatch, step: str, meanwhile: Meanwhile) -> None:
    """Something happens right before a step of the erasing, the first time."""
    real, waiting = getattr(PersonDataEraser, step), [meanwhile]

    async def stepped(self: PersonDataEraser, *arguments: object, **named: object) -> object:
        if waiting:
            await waiting.pop()()
        return await real(self, *arguments, **named)

    monkeypatch.setattr(PersonDataEraser, step, stepped)


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, step: str) -> Iterator[None]:
    """A step of the erasing fails, as if Redis went away, until the end of the block."""

    async def stepped(*_: object, **__: object) -> object:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(PersonDataEraser, step, stepped)
        yield


async def as_if_not_opted_out(service: RunningService, act: Meanwhile) -> None:
    """A call that had asked for opt-outs just before there was one."""
    key = DeploymentKeys().opt_out(ALICE.person_id)
    stood = await service.redis.getdel(key)
    await act()
    await service.redis.set(key, stood or b"")


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("step", ["texts", "conversations", "history"])
async def test_what_a_call_under_way_begins_or_reopens_goes_as_well(
    service: RunningService, monkeypatch: pytest.MonkeyPatch, step: str, ends: bool
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    over = await service.open(ALICE_NUMBER, CAROL_NUMBER, masked_number=OTHER_MASKED)
    await service.end(over.conversation_id)

    async def act() -> None:
        begun = await service.open(ALICE_NUMBER, BOB_NUMBER, masked_number=THIRD_MASKED)
        names = [begun.conversation_id]
        if step != "history":
            await reopen(service, over.conversation_id)
            names.append(over.conversation_id)
        for name in names if ends else ():
            await service.end(name)

    once(monkeypatch, step, partial(as_if_not_opted_out, service, act))
    await erase(service)
    await service.quiet()
    assert await conversations_of(service, ALICE_NUMBER) == []
    assert await service.redis.keys(f"{KEYS.conversation_prefix}*") == []
    assert await numbers_in(service.redis) == []


async def test_a_text_that_was_talk_when_it_came_erases_nothing_when_it_comes_again(
    service: RunningService,
) -> None:
    await allow(service, allows=False)
    talk = await service.open(ALICE_NUMBER, BOB_NUMBER)
    text = service.text(ALICE_NUMBER, "erase my data")
    await service.receive(text)
    await allow(service, allows=True)
    await service.receive(text)
    assert await service.heard(BOB_NUMBER, 1) == ["erase my data"]
    assert await conversations_of(service, ALICE_NUMBER) == [talk.conversation_id]
    assert not await has_opted_out(service)


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


async def test_who_begins_anew_in_the_same_moment_is_in_and_gets_their_code(
    service: RunningService,
) -> None:
    first = await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.end(first.conversation_id)
    texts = [service.text(ALICE_NUMBER, body, OTHER_MASKED) for body in ("erase my data", "start")]
    await service.receive(*texts)
    await service.quiet()
    [begun] = await conversations_of(service, ALICE_NUMBER)
    assert begun != first.conversation_id
    assert not await has_opted_out(service)
    assert any("code is" in body for body in service.sent_to(ALICE_NUMBER))


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


async def erased(service: RunningService, erasure_id: str) -> person_pb2.Erasure:
    """The erasure once it is done."""
    request = person_pb2.GetErasureRequest(erasure_id=erasure_id)

    async def state() -> person_pb2.Erasure:
        return (await ask(service.people.GetErasure, request)).erasure

    async def is_done() -> bool:
        return (await state()).state == person_pb2.ERASURE_STATE_DONE

    await eventually(is_done)
    return await state()


async def test_a_text_is_found_although_its_conversation_went_with_somebody_else(
    service: RunningService,
) -> None:
    service.messaging.answers[system_message(Template.ENDED)] = [NOT_TAKEN]
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    await service.deliver(ALICE_NUMBER, "quit")
    await dead_letters(service, 1)
    await erase(service, ALICE_NUMBER)
    assert await numbers_in(service.redis, BOB_NUMBER)
    assert (await erase(service, BOB_NUMBER)).dropped_message_count == 1
    assert await numbers_in(service.redis, BOB_NUMBER) == []


async def test_a_confirmation_that_was_given_up_goes_as_well(service: RunningService) -> None:
    service.messaging.answers[system_message(Template.OPTED_OUT)] = [NOT_TAKEN]
    await service.deliver(ALICE_NUMBER, "quit")
    await dead_letters(service, 1)
    assert (await erase(service)).dropped_message_count == 1
    assert await numbers_in(service.redis) == []


async def test_of_very_many_conversations_all_go(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("store.conversations.commit_conversation", "application.erasure"):
        monkeypatch.setattr(f"conversation_service.{module}.HISTORY_LENGTH", 2)
    for _ in range(4):
        begun = await service.open(ALICE_NUMBER, BOB_NUMBER)
        await service.end(begun.conversation_id)
    kept = await service.open(BOB_NUMBER, CAROL_NUMBER, masked_number=OTHER_MASKED)
    assert (await erase(service)).erased_conversation_count == 4
    await service.quiet()
    assert await numbers_in(service.redis) == []
    assert await conversations_of(service, BOB_NUMBER) == [kept.conversation_id]


async def test_of_a_very_long_conversation_all_events_and_messages_go(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conversation_service.store.conversations.repository.ERASED_AT_ONCE", 3)
    kept = await service.open(BOB_NUMBER, CAROL_NUMBER, masked_number=OTHER_MASKED)
    long = await service.open(ALICE_NUMBER, BOB_NUMBER)
    for words in range(4):
        await service.deliver(ALICE_NUMBER, f"words {words}")
    await service.heard(BOB_NUMBER, 4)
    await service.quiet()
    before = await _events_of(service, kept)
    await erase(service)
    await service.quiet()
    assert await _events_of(service, long) == ["CONVERSATION_ERASED"]
    assert await _events_of(service, kept) == before != []
    assert await service.redis.keys(f"{KEYS.message_prefix}*") == []


async def test_a_repeated_text_records_nothing_about_the_erased_person(
    service: RunningService,
) -> None:
    await service.open(ALICE_NUMBER, BOB_NUMBER)
    text = service.text(ALICE_NUMBER, "words to bob")
    await service.receive(text)
    await service.quiet()
    await erase(service)
    await service.receive(text)
    entries = await service.redis.xrange(KEYS.events)
    assert ALICE.participant_id not in repr(entries)


async def _events_of(service: RunningService, conversation: pb.Conversation) -> list[str]:
    entries = cast("list[Entry]", await service.redis.xrange(KEYS.events))
    name = conversation.conversation_id.encode()
    return [event[b"type"].decode() for _, event in entries if event[b"conversation"] == name]


async def _kinds(redis: Redis) -> set[str]:
    return {parse_key(key.decode()).kind async for key in redis.scan_iter()}


async def _is_erased(service: RunningService) -> bool:
    return await conversations_of(service, ALICE_NUMBER) == []


def _forever(waits: asyncio.Event) -> Meanwhile:
    async def wait() -> None:
        await waits.wait()

    return wait
