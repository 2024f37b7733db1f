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
    opened,
    paused,
    reopened,
)
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.messages import HeldMessage, OutboundMessage
from conversation_service.store.conversations.commit_conversation import (
    DATA_KEY_MARGIN,
    DATA_KEYS_KEPT,
)
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, Committed
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.outbox.dead_letters import DeadLetterReason, DeadLetters
from conversation_service.store.outbox.entry import CorruptEntry, OutboxEntry
from conversation_service.store.outbox.outbox import Outbox
from conversation_service.store.outbox.settlement import DeadLettering
from conversation_service.store.rotation.encrypted_records import Entry
from support.clock import ManualClock
from support.conversations import ALICE, BOB, CIPHER, MASKED, POOL, pool_storage

KEYS = Keys("main")
NOW = ManualClock().now()
UNCREATED = replace(POOL, version="")
NAME = "c1"
LEASE = timedelta(seconds=30)
KEPT = POOL.settings.dead_letters_kept


def facts(change_id: str) -> Snapshot:
    return Snapshot(POOL, NOW, change_id, "X4X4X4")


TALK = opened(facts(NAME), MASKED, (ALICE, BOB))


class Harness:
    """A pool's store, its outbox and its dead letters."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.store = ConversationRepository(pool_storage(redis))
        self.outbox = Outbox(pool_storage(redis), redis)
        self.dead = DeadLetters(pool_storage(redis))
        self._changes = 0

    def commit_of(self, change: Change, *bodies: str) -> Commit:
        """The change, with texts to Bob that have their bodies for names."""
        self._changes += 1
        texts = tuple(OutboundMessage(one, NAME, MASKED, BOB, one) for one in bodies)
        receipt = IdempotencyKey("text", str(self._changes), ())
        return Commit(receipt, replace(change, texts=texts), NOW, UNCREATED)

    async def commit(self, change: Change, *bodies: str) -> None:
        assert await self.store.commit([self.commit_of(change, *bodies)]) == [Committed()]

    async def begin(self, *bodies: str) -> Conversation:
        await self.commit(Change(after=TALK), *bodies)
        return await self.talk()

    async def end(self, talk: Conversation, etag: str, *bodies: str) -> Conversation:
        over = ended(facts(etag), talk, EndReason.PARTICIPANT_ENDED)
        await self.commit(Change(before=talk, after=over), *bodies)
        return await self.talk()

    async def talk(self) -> Conversation:
        found = await self.store.get(NAME)
        assert found is not None
        return found

    async def owed(self) -> list[OutboxEntry | CorruptEntry]:
        await self.outbox.prepare()
        return await self.outbox.read_pending("0", 100) + await self.outbox.read_new(100, None)

    async def read(self) -> list[str]:
        """The bodies that can be read in the outbox."""
        return [one.message.body for one in await self.owed() if isinstance(one, OutboxEntry)]

    async def dead_letter_all(self) -> None:
        dead = [
            DeadLettering(one.entry_id, one.message_id, DeadLetterReason.INVALID, KEPT)
            for one in await self.owed()
        ]
        token = await self.outbox.acquire_lease("", LEASE) or ""
        await self.outbox.settle(token, dead, NOW)
        await self.outbox.release_lease(token)

    async def expire_data_keys(self) -> None:
        """What time does."""
        await self.redis.delete(KEYS.data_keys(NAME))


@pytest.fixture
def harness(redis: Redis) -> Harness:
    return Harness(redis)


async def test_the_state_key_alone_decrypts_no_body_of_a_conversation(harness: Harness) -> None:
    await harness.begin("hello")
    [(_, entry)] = cast("list[Entry]", await harness.redis.xrange(KEYS.outbox))
    with pytest.raises(InvalidTag):
        CIPHER.decrypt(entry[b"text"], KEYS.message("hello"))
    assert await harness.read() == ["hello"]


async def test_a_conversation_has_one_data_key_from_start_to_end(harness: Harness) -> None:
    talk = await harness.begin("one")
    later = replace(talk, etag="e2")
    await harness.commit(Change(before=talk, after=later), "two")
    assert talk.data_key == (await harness.talk()).data_key != b""
    assert await harness.read() == ["one", "two"]


async def test_changes_of_a_batch_have_one_data_key(harness: Harness) -> None:
    later = replace(TALK, etag="e2")
    commits = [
        harness.commit_of(Change(after=TALK), "one"),
        harness.commit_of(Change(before=TALK, after=later), "two"),
    ]
    assert await harness.store.commit(commits) == [Committed(), Committed()]
    assert await harness.read() == ["one", "two"]


async def test_two_conversations_never_have_the_same_data_key(harness: Harness) -> None:
    other = opened(facts("c2"), MASKED, (BOB, ALICE))
    await harness.begin()
    await harness.commit(Change(after=other))
    found = await harness.store.get("c2")
    assert found is not None
    assert found.data_key != (await harness.talk()).data_key


async def test_held_messages_are_under_the_data_key(harness: Harness) -> None:
    talk = await harness.begin()
    holding = message_held(paused(facts("e2"), talk), ALICE)
    words = HeldMessage(ALICE.participant_id, "held")
    await harness.commit(Change(before=talk, after=holding, held=(words,)))
    read_set = ReadSet(conversation_id=NAME, held_in=NAME)
    key = IdempotencyKey("resume", "r", ())
    [snapshot] = (await harness.store.load([(key, read_set)], UNCREATED, NOW)).snapshots
    assert snapshot.held == (words,)
    [sealed] = cast("list[bytes]", await harness.redis.lrange(KEYS.held(NAME), 0, -1))
    with pytest.raises(InvalidTag):
        CIPHER.decrypt(sealed, KEYS.held(NAME))


async def test_the_last_messages_are_readable_after_the_end_until_the_data_key_expires(
    harness: Harness,
) -> None:
    over = await harness.end(await harness.begin("hello"), "e2", "goodbye")
    assert over.data_key == b""
    assert await harness.read() == ["hello", "goodbye"]
    left = timedelta(milliseconds=await harness.redis.pttl(KEYS.data_keys(NAME)))
    kept = POOL.settings.text_validity + DATA_KEY_MARGIN
    assert kept - timedelta(minutes=1) < left <= kept
    await harness.expire_data_keys()
    assert await harness.owed() == [
        CorruptEntry(one.entry_id, one.message_id) for one in await harness.owed()
    ]


async def test_purging_a_conversation_does_not_remove_its_last_messages(harness: Harness) -> None:
    await harness.end(await harness.begin("hello"), "e2", "goodbye")
    await harness.store.purge([NAME])
    assert await harness.read() == ["hello", "goodbye"]


async def test_a_reopened_conversation_gets_another_data_key_and_its_earlier_messages_are_sent(
    harness: Harness,
) -> None:
    talk = await harness.begin("one")
    over = await harness.end(talk, "e2")
    again = reopened(facts("e3"), over)
    await harness.commit(Change(before=over, after=again), "two")
    assert (await harness.talk()).data_key not in (b"", talk.data_key)
    assert await harness.read() == ["one", "two"]
    await harness.end(await harness.talk(), "e4", "three")
    assert await harness.read() == ["one", "two", "three"]


async def test_a_conversation_that_ends_again_and_again_keeps_a_few_data_keys(
    harness: Harness,
) -> None:
    over = await harness.end(await harness.begin(), "e0")
    for at in range(DATA_KEYS_KEPT + 2):
        await harness.commit(Change(before=over, after=reopened(facts(f"b{at}"), over)))
        over = await harness.end(await harness.talk(), f"e{at}")
    assert await harness.redis.llen(KEYS.data_keys(NAME)) == DATA_KEYS_KEPT


async def test_messages_after_the_end_have_a_data_key_that_expires_as_well(
    harness: Harness,
) -> None:
    over = await harness.end(await harness.begin(), "e2")
    noted = replace(over, etag="e3")
    await harness.commit(Change(before=over, after=noted), "late")
    assert await harness.read() == ["late"]
    await harness.expire_data_keys()
    assert await harness.read() == []


async def test_a_change_after_the_end_without_messages_keeps_no_data_key(harness: Harness) -> None:
    over = await harness.end(await harness.begin(), "e2")
    await harness.expire_data_keys()
    await harness.commit(Change(before=over, after=replace(over, etag="e3")))
    assert await harness.redis.exists(KEYS.data_keys(NAME)) == 0


async def test_messages_of_no_conversation_are_under_the_state_key(harness: Harness) -> None:
    text = OutboundMessage("help", "", MASKED, BOB, "help")
    commit = Commit(IdempotencyKey("text", "1", ()), Change(texts=(text,)), NOW, UNCREATED)
    assert await harness.store.commit([commit]) == [Committed()]
    [(_, entry)] = cast("list[Entry]", await harness.redis.xrange(KEYS.outbox))
    assert CIPHER.decrypt(entry[b"text"], KEYS.message("help"))
    assert await harness.read() == ["help"]


async def test_a_dead_letter_is_readable_and_replayed_after_its_conversations_data_key_expired(
    harness: Harness,
) -> None:
    await harness.end(await harness.begin("hello"), "e2", "goodbye")
    await harness.dead_letter_all()
    await harness.expire_data_keys()
    letters = await harness.dead.page(10, "")
    assert [(one.message_id, one.is_readable) for one in letters] == [
        ("hello", True),
        ("goodbye", True),
    ]
    await harness.dead.replay("r1", letters[0].dead_letter_id, "hello", NOW, POOL.settings)
    assert await harness.read() == ["hello"]


async def test_a_message_without_data_key_is_dead_lettered_as_it_is(harness: Harness) -> None:
    await harness.end(await harness.begin("hello"), "e2")
    [(_, entry)] = cast("list[Entry]", await harness.redis.xrange(KEYS.outbox))
    await harness.expire_data_keys()
    await harness.dead_letter_all()
    [(_, letter)] = cast("list[Entry]", await harness.redis.xrange(KEYS.dead))
    assert letter[b"text"] == entry[b"text"]
    [found] = await harness.dead.page(10, "")
    assert not found.is_readable


async def test_a_damaged_conversation_or_data_key_blocks_no_other_message(harness: Harness) -> None:
    other = opened(facts("c2"), MASKED, (BOB, ALICE))
    text = OutboundMessage("fine", "c2", MASKED, BOB, "fine")
    await harness.begin("hello")
    commit = Commit(
        IdempotencyKey("text", "x", ()), Change(after=other, texts=(text,)), NOW, UNCREATED
    )
    assert await harness.store.commit([commit]) == [Committed()]
    await harness.redis.set(KEYS.conversation(NAME), "e1\njunk")
    await harness.redis.rpush(KEYS.data_keys(NAME), "junk")
    assert await harness.read() == ["fine"]
