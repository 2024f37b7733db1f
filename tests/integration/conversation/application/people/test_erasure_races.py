"""Erasing while others act, after a crash, and where little leads to what is stored."""

from collections.abc import AsyncIterator
from functools import partial
from typing import cast

import pytest
from redis.asyncio import Redis

from conversation_service.domain.templates.catalog import Template
from conversation_service.store.keyspace.deployment_keys import DeploymentKeys
from conversation_service.store.keyspace.keys import Keys
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
from support.builders.erasing import (
    Meanwhile,
    allow,
    conversations_of,
    erase,
    has_opted_out,
    numbers_in,
    once,
)
from support.clock import ManualClock
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


@pytest.fixture
async def service(
    redis: Redis, redis_url: str, clock: ManualClock
) -> AsyncIterator[RunningService]:
    """One replica with a pool that lets people erase themselves."""
    pool = seeded(MASKED, OTHER_MASKED, THIRD_MASKED, settings={"keywords.erase_enabled": True})
    async with running(redis_url, clock, pool) as replica:
        yield replica


async def reopen(service: RunningService, conversation_id: str) -> None:
    request = filled(pb.ReopenConversationRequest(conversation_id=conversation_id))
    await ask(service.stub.ReopenConversation, request)


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
    monkeypatch.setattr("conversation_service.store.conversations.purge.ERASED_AT_ONCE", 3)
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
