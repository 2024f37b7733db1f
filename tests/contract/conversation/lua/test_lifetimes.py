"""What scripts write goes in time, and nothing shortens the time of what others still need."""

from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
from redis.asyncio import Redis

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.lifecycle import ended, opened
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.model.conversation import Conversation, EndReason
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.messages import OutboundMessage
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.store.conversations.commit_conversation import FORGOTTEN_ANYWAY_AFTER
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, Committed
from conversation_service.store.event_log import EventLog
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.keyspace.timestamps import from_ms
from conversation_service.store.outbox.dead_letters import DeadLetterReason, DeadLetters
from conversation_service.store.outbox.outbox import Outbox
from conversation_service.store.outbox.settlement import DeadLettering
from support.clock import ManualClock
from support.conversations import ALICE, BOB, CIPHER, MASKED, POOL, SETTINGS, pool_storage

KEYS = Keys("main")
LEASE = timedelta(seconds=30)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CHOSEN = replace(SETTINGS, receipts_kept=5 * DAY, messages_kept=6 * DAY, dead_letters_kept=HOUR)


class Desk:
    """One pool's state, with the settings that a test chooses."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.clock = ManualClock()
        self.settings = CHOSEN
        self.store = ConversationRepository(pool_storage(redis))
        self.outbox = Outbox(pool_storage(redis), redis)
        self.dead = DeadLetters(pool_storage(redis))
        self._changes = 0

    async def commit(self, change: Change) -> str:
        """The key of its receipt."""
        self._changes += 1
        receipt = IdempotencyKey("call", str(self._changes), ())
        pool = replace(POOL, settings=self.settings, version="")
        assert await self.store.commit([Commit(receipt, change, self.clock.now(), pool)]) == [
            Committed()
        ]
        return KEYS.idempotency(CIPHER.blind_index("command", receipt.kind, receipt.request_id))

    async def left(self, key: str) -> timedelta:
        """How long a key has to live."""
        return timedelta(milliseconds=await self.redis.pttl(key))

    async def talk_over(self, name: str) -> Conversation:
        """A conversation that began and ended."""
        pool = replace(POOL, settings=self.settings)
        facts = Snapshot(pool, self.clock.now(), name, "K7M2Q9")
        begun = opened(facts, MASKED, (ALICE, BOB))
        await self.commit(Change(after=begun, events=(_event(name),)))
        over = ended(replace(facts, change_id=f"{name}-2"), begun, EndReason.OPERATOR_ENDED)
        await self.commit(Change(before=begun, after=over, events=(_event(name),)))
        return over

    async def bury(self, kept: timedelta) -> str:
        """The only text that is owed cannot be processed: the id of its dead letter."""
        token = await self.outbox.acquire_lease("", LEASE) or ""
        await self.outbox.prepare()
        [text] = await self.outbox.read_new(10, None)
        burial = DeadLettering(text.entry_id, text.message_id, DeadLetterReason.INVALID, kept)
        await self.outbox.settle(token, [burial], self.clock.now())
        await self.outbox.release_lease(token)
        [letter] = await self.dead.page(10, "")
        return letter.dead_letter_id


@pytest.fixture
def desk(redis: Redis) -> Desk:
    return Desk(redis)


def _event(conversation_id: str) -> Event:
    return Event(EventType.CONVERSATION_OPENED, conversation_id)


def is_about(found: timedelta, expected: timedelta) -> bool:
    return expected - timedelta(minutes=1) < found <= expected


async def test_receipts_and_messages_are_kept_as_the_pool_says(desk: Desk) -> None:
    text = OutboundMessage("m", "", MASKED, ALICE, "hello")
    receipt = await desk.commit(Change(texts=(text,)))
    assert is_about(await desk.left(receipt), 5 * DAY)
    assert is_about(await desk.left(KEYS.message("m")), 6 * DAY)


@pytest.mark.parametrize(("kept", "known"), [(HOUR, 6 * DAY), (20 * DAY, 20 * DAY)])
async def test_a_message_is_known_as_long_as_its_dead_letter_and_never_shorter_than_else(
    desk: Desk, kept: timedelta, known: timedelta
) -> None:
    text = OutboundMessage("m", "", MASKED, ALICE, "hello")
    await desk.commit(Change(texts=(text,)))
    letter = await desk.bury(kept)
    assert is_about(await desk.left(KEYS.message("m")), known)
    await desk.dead.replay("r1", letter, "m", desk.clock.now(), desk.settings)
    assert is_about(await desk.left(KEYS.message("m")), known)


@pytest.mark.parametrize("name", ["replay", "discard"])
async def test_the_answer_about_a_dead_letter_is_kept_as_the_pool_says(
    desk: Desk, name: str
) -> None:
    await desk.commit(Change(texts=(OutboundMessage("m", "", MASKED, ALICE, "hello"),)))
    letter = await desk.bury(HOUR)
    await getattr(desk.dead, name)("r1", letter, "m", desk.clock.now(), desk.settings)
    [receipt] = [key async for key in desk.redis.scan_iter("*dead-letter-request:*")]
    assert is_about(await desk.left(receipt), 5 * DAY)


async def test_a_letter_is_given_up_as_soon_as_a_shorter_time_is_chosen(desk: Desk) -> None:
    await desk.commit(Change(texts=(OutboundMessage("m", "", MASKED, ALICE, "hello"),)))
    letter = await desk.bury(30 * DAY)
    # Letters are numbered by Redis's own clock.
    then = from_ms(int(letter.partition("-")[0])) + 2 * HOUR
    assert await desk.dead.expire(then, replace(CHOSEN, dead_letters_kept=3 * HOUR)) == 0
    assert await desk.dead.expire(then, CHOSEN) == 1
    assert await desk.dead.count() == 0


async def test_what_was_forgotten_leaves_the_history_of_a_person_who_goes_on(desk: Desk) -> None:
    for name in ("c1", "c2"):
        await desk.talk_over(name)
        assert await _history(desk) == [name]
        desk.clock.move(seconds=desk.settings.kept_after_end.total_seconds())
    desk.settings = replace(CHOSEN, kept_after_end=30 * DAY)
    await desk.talk_over("c3")
    desk.settings = PoolSettings("Test exchange")
    desk.clock.move(days=1)
    await desk.talk_over("c4")
    assert set(await _history(desk)) == {"c3", "c4"}


async def test_a_timeline_goes_with_its_conversation(desk: Desk) -> None:
    over = await desk.talk_over("c1")
    kept = over.due_time - desk.clock.now() + FORGOTTEN_ANYWAY_AFTER
    assert is_about(await desk.left(KEYS.timeline("c1")), kept)
    await desk.redis.delete(KEYS.timeline("c1"))
    await desk.commit(Change(events=(_event("c1"),)))
    assert is_about(await desk.left(KEYS.timeline("c1")), kept)


async def test_what_is_told_of_a_forgotten_conversation_does_not_stay(desk: Desk) -> None:
    await desk.talk_over("c1")
    await desk.store.purge(["c1"])
    await desk.commit(Change(events=(_event("c1"),)))
    assert is_about(await desk.left(KEYS.timeline("c1")), desk.settings.messages_kept)
    journal = EventLog(pool_storage(desk.redis))
    assert await journal.length("c1") == 1


async def _history(desk: Desk) -> list[str]:
    ids = await desk.redis.zrange(KEYS.history(ALICE.participant_id), 0, -1)
    return [one.decode() for one in cast("list[bytes]", ids)]
