"""Bodies of a conversation are readable until they are sent, and by nobody after its end."""

from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
from cryptography.exceptions import InvalidTag
from redis.asyncio import Redis

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.lifecycle import (
    ended,
    message_held,
    paused,
    reopened,
)
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.messages import HeldMessage
from conversation_service.store.conversations.commit_conversation import (
    DATA_KEY_MARGIN,
    DATA_KEYS_KEPT,
)
from conversation_service.store.conversations.types import Committed
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.outbox.entry import CorruptEntry
from conversation_service.store.rotation.encrypted_records import Entry
from conversation_service.store.storage import Storage
from support.builders.conversations import ALICE, CIPHER, POOL

from .pool_state import NOW, PoolState, facts

KEYS = Keys("main")
ID = "c1"


class Harness(PoolState):
    """One conversation, c1."""

    async def begin(self, *bodies: str) -> Conversation:
        await self.commit(Change(after=self.open(ID)), *bodies)
        return await self.get(ID)

    async def end(self, before: Conversation, etag: str, *bodies: str) -> Conversation:
        over = ended(facts(etag), before, EndReason.PARTICIPANT_ENDED)
        await self.commit(Change(before=before, after=over), *bodies)
        return await self.get(ID)

    async def reopen(self, over: Conversation, etag: str, *bodies: str) -> Conversation:
        await self.commit(Change(before=over, after=reopened(facts(etag), over)), *bodies)
        return await self.get(ID)

    async def stored_text(self, stream: str = KEYS.outbox) -> bytes:
        """The encrypted payload of the only entry."""
        [(_, entry)] = cast("list[Entry]", await self.redis.xrange(stream))
        return entry[b"text"]

    async def expire_data_keys(self) -> None:
        """What time does."""
        await self.redis.delete(KEYS.data_keys(ID))


@pytest.fixture
def harness(redis: Redis) -> Harness:
    return Harness(Storage(redis, CIPHER))


async def test_the_state_key_alone_decrypts_no_body_of_a_conversation(harness: Harness) -> None:
    before = await harness.begin("hello")
    with pytest.raises(InvalidTag):
        CIPHER.decrypt(await harness.stored_text(), KEYS.message("hello"))
    assert await harness.outbox_bodies() == ["hello"]
    holding = message_held(paused(facts("e2"), before), ALICE, "m1")
    message = HeldMessage("m1", ALICE.participant_id, "held")
    await harness.commit(Change(before=before, after=holding, held=(message,)))
    [stored] = cast("list[bytes]", await harness.redis.lrange(KEYS.held(ID), 0, -1))
    with pytest.raises(InvalidTag):
        CIPHER.decrypt(stored, KEYS.held(ID))
    read_set = ReadSet(conversation_id=ID, held_in=ID)
    key = IdempotencyKey("resume", "r", ())
    [snapshot] = (await harness.store.load([(key, read_set)], harness.pool, NOW)).snapshots
    assert snapshot.held == (message,)


async def test_messages_of_no_conversation_are_under_the_state_key(harness: Harness) -> None:
    await harness.commit(Change(), "help")
    assert CIPHER.decrypt(await harness.stored_text(), KEYS.message("help"))
    assert await harness.outbox_bodies() == ["help"]


async def test_a_conversation_has_one_data_key_from_start_to_end(harness: Harness) -> None:
    before = await harness.begin("one")
    await harness.commit(Change(before=before, after=replace(before, etag="e2")), "two")
    assert before.data_key == (await harness.get(ID)).data_key != b""
    assert await harness.outbox_bodies() == ["one", "two"]


async def test_changes_of_a_batch_have_one_data_key(harness: Harness) -> None:
    before = harness.open(ID)
    later = replace(before, etag="e2")
    commits = [
        harness.commit_of(Change(after=before), "one"),
        harness.commit_of(Change(before=before, after=later), "two"),
    ]
    assert await harness.store.commit(commits) == [Committed(), Committed()]
    assert await harness.outbox_bodies() == ["one", "two"]


async def test_two_conversations_never_have_the_same_data_key(harness: Harness) -> None:
    first = await harness.begin()
    await harness.commit(Change(after=harness.open("c2")))
    assert (await harness.get("c2")).data_key != first.data_key


async def test_the_last_messages_are_readable_after_the_end_until_the_data_key_expires(
    harness: Harness,
) -> None:
    over = await harness.end(await harness.begin("hello"), "e2", "goodbye")
    assert over.data_key == b""
    assert await harness.outbox_bodies() == ["hello", "goodbye"]
    left = timedelta(milliseconds=await harness.redis.pttl(KEYS.data_keys(ID)))
    kept = POOL.settings.sending.message_validity + DATA_KEY_MARGIN
    assert kept - timedelta(minutes=1) < left <= kept
    await harness.expire_data_keys()
    entries = await harness.entries()
    assert entries == [CorruptEntry(entry.entry_id, entry.message_id) for entry in entries]


async def test_purging_a_conversation_does_not_remove_its_last_messages(harness: Harness) -> None:
    over = await harness.end(await harness.begin("hello"), "e2", "goodbye")
    await harness.store.purge([over])
    assert await harness.outbox_bodies() == ["hello", "goodbye"]


async def test_a_reopened_conversation_gets_another_data_key_and_its_earlier_messages_are_sent(
    harness: Harness,
) -> None:
    before = await harness.begin("one")
    again = await harness.reopen(await harness.end(before, "e2"), "e3", "two")
    assert again.data_key not in (b"", before.data_key)
    assert await harness.outbox_bodies() == ["one", "two"]
    await harness.end(again, "e4", "three")
    assert await harness.outbox_bodies() == ["one", "two", "three"]


async def test_a_conversation_that_ends_again_and_again_keeps_a_few_data_keys(
    harness: Harness,
) -> None:
    over = await harness.end(await harness.begin(), "e0")
    for index in range(DATA_KEYS_KEPT + 2):
        over = await harness.end(await harness.reopen(over, f"b{index}"), f"e{index}")
    assert await harness.redis.llen(KEYS.data_keys(ID)) == DATA_KEYS_KEPT


async def test_messages_after_the_end_have_a_data_key_that_expires_as_well(
    harness: Harness,
) -> None:
    over = await harness.end(await harness.begin(), "e2")
    await harness.commit(Change(before=over, after=replace(over, etag="e3")), "late")
    assert await harness.outbox_bodies() == ["late"]
    await harness.expire_data_keys()
    assert await harness.outbox_bodies() == []


async def test_a_change_after_the_end_without_messages_keeps_no_data_key(harness: Harness) -> None:
    over = await harness.end(await harness.begin(), "e2")
    await harness.expire_data_keys()
    await harness.commit(Change(before=over, after=replace(over, etag="e3")))
    assert await harness.redis.exists(KEYS.data_keys(ID)) == 0


async def test_a_dead_letter_is_readable_and_replayed_after_its_conversations_data_key_expired(
    harness: Harness,
) -> None:
    await harness.end(await harness.begin("hello"), "e2", "goodbye")
    await harness.dead_letter_all()
    await harness.expire_data_keys()
    letters = await harness.dead_letters.page(10, "")
    assert [letter.message_id for letter in letters if letter.is_readable] == ["hello", "goodbye"]
    await harness.dead_letters.replay("r1", letters[0].dead_letter_id, "hello", NOW, POOL.settings)
    assert await harness.outbox_bodies() == ["hello"]


async def test_a_message_without_data_key_is_dead_lettered_as_it_is(harness: Harness) -> None:
    await harness.end(await harness.begin("hello"), "e2")
    stored = await harness.stored_text()
    await harness.expire_data_keys()
    await harness.dead_letter_all()
    assert await harness.stored_text(KEYS.dead) == stored
    [letter] = await harness.dead_letters.page(10, "")
    assert not letter.is_readable


async def test_a_damaged_conversation_or_data_key_blocks_no_other_message(harness: Harness) -> None:
    await harness.begin("hello")
    await harness.commit(Change(after=harness.open("c2")), "fine")
    await harness.redis.set(KEYS.conversation(ID), "e1\njunk")
    await harness.redis.rpush(KEYS.data_keys(ID), "junk")
    assert await harness.outbox_bodies() == ["fine"]
