"""A conversation's words are read while they are owed, and by nobody after it has ended."""

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
UNBORN = replace(POOL, version="")
NAME = "c1"
LEASE = timedelta(seconds=30)
KEPT = POOL.settings.dead_letters_kept


def facts(change_id: str) -> Snapshot:
    return Snapshot(POOL, NOW, change_id, "X4X4X4")


TALK = opened(facts(NAME), MASKED, (ALICE, BOB))


class Desk:
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
        return Commit(receipt, replace(change, texts=texts), NOW, UNBORN)

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

    async def bury_all(self) -> None:
        dead = [
            DeadLettering(one.entry_id, one.message_id, DeadLetterReason.INVALID, KEPT)
            for one in await self.owed()
        ]
        token = await self.outbox.acquire_lease("", LEASE) or ""
        await self.outbox.settle(token, dead, NOW)
        await self.outbox.release_lease(token)

    async def forget_secrets(self) -> None:
        """What time does."""
        await self.redis.delete(KEYS.data_keys(NAME))


@pytest.fixture
def desk(redis: Redis) -> Desk:
    return Desk(redis)


async def test_the_state_key_alone_opens_none_of_a_conversations_words(desk: Desk) -> None:
    await desk.begin("hello")
    [(_, entry)] = cast("list[Entry]", await desk.redis.xrange(KEYS.outbox))
    with pytest.raises(InvalidTag):
        CIPHER.decrypt(entry[b"text"], KEYS.message("hello"))
    assert await desk.read() == ["hello"]


async def test_a_conversation_has_one_secret_from_its_beginning_to_its_end(desk: Desk) -> None:
    talk = await desk.begin("one")
    later = replace(talk, etag="e2")
    await desk.commit(Change(before=talk, after=later), "two")
    assert talk.data_key == (await desk.talk()).data_key != b""
    assert await desk.read() == ["one", "two"]


async def test_changes_that_were_decided_together_have_one_secret(desk: Desk) -> None:
    later = replace(TALK, etag="e2")
    commits = [
        desk.commit_of(Change(after=TALK), "one"),
        desk.commit_of(Change(before=TALK, after=later), "two"),
    ]
    assert await desk.store.commit(commits) == [Committed(), Committed()]
    assert await desk.read() == ["one", "two"]


async def test_two_conversations_never_have_the_same_secret(desk: Desk) -> None:
    other = opened(facts("c2"), MASKED, (BOB, ALICE))
    await desk.begin()
    await desk.commit(Change(after=other))
    found = await desk.store.get("c2")
    assert found is not None
    assert found.data_key != (await desk.talk()).data_key


async def test_what_a_conversation_holds_lies_under_its_secret(desk: Desk) -> None:
    talk = await desk.begin()
    holding = message_held(paused(facts("e2"), talk), ALICE)
    words = HeldMessage(ALICE.participant_id, "held")
    await desk.commit(Change(before=talk, after=holding, held=(words,)))
    lookup = ReadSet(conversation_id=NAME, held_in=NAME)
    key = IdempotencyKey("resume", "r", ())
    [snapshot] = (await desk.store.load([(key, lookup)], UNBORN, NOW)).snapshots
    assert snapshot.held == (words,)
    [sealed] = cast("list[bytes]", await desk.redis.lrange(KEYS.held(NAME), 0, -1))
    with pytest.raises(InvalidTag):
        CIPHER.decrypt(sealed, KEYS.held(NAME))


async def test_the_last_words_are_read_after_the_end_until_the_secret_goes(desk: Desk) -> None:
    over = await desk.end(await desk.begin("hello"), "e2", "goodbye")
    assert over.data_key == b""
    assert await desk.read() == ["hello", "goodbye"]
    left = timedelta(milliseconds=await desk.redis.pttl(KEYS.data_keys(NAME)))
    kept = POOL.settings.text_validity + DATA_KEY_MARGIN
    assert kept - timedelta(minutes=1) < left <= kept
    await desk.forget_secrets()
    assert await desk.owed() == [
        CorruptEntry(one.entry_id, one.message_id) for one in await desk.owed()
    ]


async def test_a_forgotten_conversation_does_not_take_its_last_words_along(desk: Desk) -> None:
    await desk.end(await desk.begin("hello"), "e2", "goodbye")
    await desk.store.purge([NAME])
    assert await desk.read() == ["hello", "goodbye"]


async def test_a_reopened_conversation_draws_another_secret_and_its_earlier_words_go_out(
    desk: Desk,
) -> None:
    talk = await desk.begin("one")
    over = await desk.end(talk, "e2")
    again = reopened(facts("e3"), over)
    await desk.commit(Change(before=over, after=again), "two")
    assert (await desk.talk()).data_key not in (b"", talk.data_key)
    assert await desk.read() == ["one", "two"]
    await desk.end(await desk.talk(), "e4", "three")
    assert await desk.read() == ["one", "two", "three"]


async def test_a_conversation_that_ends_again_and_again_keeps_a_few_secrets(desk: Desk) -> None:
    over = await desk.end(await desk.begin(), "e0")
    for at in range(DATA_KEYS_KEPT + 2):
        await desk.commit(Change(before=over, after=reopened(facts(f"b{at}"), over)))
        over = await desk.end(await desk.talk(), f"e{at}")
    assert await desk.redis.llen(KEYS.data_keys(NAME)) == DATA_KEYS_KEPT


async def test_what_is_said_after_the_end_has_a_secret_that_goes_as_well(desk: Desk) -> None:
    over = await desk.end(await desk.begin(), "e2")
    noted = replace(over, etag="e3")
    await desk.commit(Change(before=over, after=noted), "late")
    assert await desk.read() == ["late"]
    await desk.forget_secrets()
    assert await desk.read() == []


async def test_a_change_after_the_end_without_words_keeps_no_secret(desk: Desk) -> None:
    over = await desk.end(await desk.begin(), "e2")
    await desk.forget_secrets()
    await desk.commit(Change(before=over, after=replace(over, etag="e3")))
    assert await desk.redis.exists(KEYS.data_keys(NAME)) == 0


async def test_texts_of_no_conversation_lie_under_the_state_key(desk: Desk) -> None:
    text = OutboundMessage("help", "", MASKED, BOB, "help")
    commit = Commit(IdempotencyKey("text", "1", ()), Change(texts=(text,)), NOW, UNBORN)
    assert await desk.store.commit([commit]) == [Committed()]
    [(_, entry)] = cast("list[Entry]", await desk.redis.xrange(KEYS.outbox))
    assert CIPHER.decrypt(entry[b"text"], KEYS.message("help"))
    assert await desk.read() == ["help"]


async def test_a_dead_letter_is_read_and_replayed_after_its_conversations_secret_is_gone(
    desk: Desk,
) -> None:
    await desk.end(await desk.begin("hello"), "e2", "goodbye")
    await desk.bury_all()
    await desk.forget_secrets()
    letters = await desk.dead.page(10, "")
    assert [(one.message_id, one.is_readable) for one in letters] == [
        ("hello", True),
        ("goodbye", True),
    ]
    await desk.dead.replay("r1", letters[0].dead_letter_id, "hello", NOW, POOL.settings)
    assert await desk.read() == ["hello"]


async def test_a_text_whose_secret_is_gone_is_buried_as_it_is(desk: Desk) -> None:
    await desk.end(await desk.begin("hello"), "e2")
    [(_, entry)] = cast("list[Entry]", await desk.redis.xrange(KEYS.outbox))
    await desk.forget_secrets()
    await desk.bury_all()
    [(_, letter)] = cast("list[Entry]", await desk.redis.xrange(KEYS.dead))
    assert letter[b"text"] == entry[b"text"]
    [found] = await desk.dead.page(10, "")
    assert not found.is_readable


async def test_a_damaged_conversation_or_secret_holds_up_no_other_text(desk: Desk) -> None:
    other = opened(facts("c2"), MASKED, (BOB, ALICE))
    text = OutboundMessage("fine", "c2", MASKED, BOB, "fine")
    await desk.begin("hello")
    commit = Commit(
        IdempotencyKey("text", "x", ()), Change(after=other, texts=(text,)), NOW, UNBORN
    )
    assert await desk.store.commit([commit]) == [Committed()]
    await desk.redis.set(KEYS.conversation(NAME), "e1\njunk")
    await desk.redis.rpush(KEYS.data_keys(NAME), "junk")
    assert await desk.read() == ["fine"]
