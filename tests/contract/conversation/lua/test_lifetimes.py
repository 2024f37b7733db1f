"""How long the keys that scripts write are kept."""

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


class Harness:
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
        """Returns the key of its idempotency record."""
        self._changes += 1
        key = IdempotencyKey("call", str(self._changes), ())
        pool = replace(POOL, settings=self.settings, version="")
        assert await self.store.commit([Commit(key, change, self.clock.now(), pool)]) == [
            Committed()
        ]
        return KEYS.idempotency(CIPHER.blind_index("command", key.kind, key.request_id))

    async def left(self, key: str) -> timedelta:
        """How long a key has to live."""
        return timedelta(milliseconds=await self.redis.pttl(key))

    async def ended_conversation(self, name: str) -> Conversation:
        """A conversation that was opened and ended."""
        pool = replace(POOL, settings=self.settings)
        facts = Snapshot(pool, self.clock.now(), name, "K7M2Q9")
        begun = opened(facts, MASKED, (ALICE, BOB))
        await self.commit(Change(after=begun, events=(_event(name),)))
        over = ended(replace(facts, change_id=f"{name}-2"), begun, EndReason.OPERATOR_ENDED)
        await self.commit(Change(before=begun, after=over, events=(_event(name),)))
        return over

    async def dead_letter(self, kept: timedelta) -> str:
        """Dead-letters the only outbox entry; returns the id of the dead letter."""
        token = await self.outbox.acquire_lease("", LEASE) or ""
        await self.outbox.prepare()
        [text] = await self.outbox.read_new(10, None)
        dead_lettering = DeadLettering(
            text.entry_id, text.message_id, DeadLetterReason.INVALID, kept
        )
        await self.outbox.settle(token, [dead_lettering], self.clock.now())
        await self.outbox.release_lease(token)
        [letter] = await self.dead.page(10, "")
        return letter.dead_letter_id


@pytest.fixture
def harness(redis: Redis) -> Harness:
    return Harness(redis)


def _event(conversation_id: str) -> Event:
    return Event(EventType.CONVERSATION_OPENED, conversation_id)


def is_about(actual: timedelta, expected: timedelta) -> bool:
    return expected - timedelta(minutes=1) < actual <= expected


async def test_idempotency_records_and_messages_are_kept_as_the_pool_says(harness: Harness) -> None:
    text = OutboundMessage("m", "", MASKED, ALICE, "hello")
    receipt = await harness.commit(Change(texts=(text,)))
    assert is_about(await harness.left(receipt), 5 * DAY)
    assert is_about(await harness.left(KEYS.message("m")), 6 * DAY)


@pytest.mark.parametrize(("kept", "known"), [(HOUR, 6 * DAY), (20 * DAY, 20 * DAY)])
async def test_a_message_is_kept_as_long_as_its_dead_letter_and_never_shorter_than_others(
    harness: Harness, kept: timedelta, known: timedelta
) -> None:
    text = OutboundMessage("m", "", MASKED, ALICE, "hello")
    await harness.commit(Change(texts=(text,)))
    letter = await harness.dead_letter(kept)
    assert is_about(await harness.left(KEYS.message("m")), known)
    await harness.dead.replay("r1", letter, "m", harness.clock.now(), harness.settings)
    assert is_about(await harness.left(KEYS.message("m")), known)


@pytest.mark.parametrize("name", ["replay", "discard"])
async def test_the_response_about_a_dead_letter_is_kept_as_the_pool_says(
    harness: Harness, name: str
) -> None:
    await harness.commit(Change(texts=(OutboundMessage("m", "", MASKED, ALICE, "hello"),)))
    letter = await harness.dead_letter(HOUR)
    await getattr(harness.dead, name)("r1", letter, "m", harness.clock.now(), harness.settings)
    [receipt] = [key async for key in harness.redis.scan_iter("*dead-letter-request:*")]
    assert is_about(await harness.left(receipt), 5 * DAY)


async def test_a_dead_letter_expires_as_soon_as_a_shorter_time_is_set(harness: Harness) -> None:
    await harness.commit(Change(texts=(OutboundMessage("m", "", MASKED, ALICE, "hello"),)))
    letter = await harness.dead_letter(30 * DAY)
    # Letters are numbered by Redis's own clock.
    then = from_ms(int(letter.partition("-")[0])) + 2 * HOUR
    assert await harness.dead.expire(then, replace(CHOSEN, dead_letters_kept=3 * HOUR)) == 0
    assert await harness.dead.expire(then, CHOSEN) == 1
    assert await harness.dead.count() == 0


async def test_a_purged_conversation_leaves_the_history_of_its_people(harness: Harness) -> None:
    for name in ("c1", "c2"):
        await harness.ended_conversation(name)
        assert await _history(harness) == [name]
        harness.clock.move(seconds=harness.settings.kept_after_end.total_seconds())
    harness.settings = replace(CHOSEN, kept_after_end=30 * DAY)
    await harness.ended_conversation("c3")
    harness.settings = PoolSettings("Test exchange")
    harness.clock.move(days=1)
    await harness.ended_conversation("c4")
    assert set(await _history(harness)) == {"c3", "c4"}


async def test_a_timeline_goes_with_its_conversation(harness: Harness) -> None:
    over = await harness.ended_conversation("c1")
    kept = over.due_time - harness.clock.now() + FORGOTTEN_ANYWAY_AFTER
    assert is_about(await harness.left(KEYS.timeline("c1")), kept)
    await harness.redis.delete(KEYS.timeline("c1"))
    await harness.commit(Change(events=(_event("c1"),)))
    assert is_about(await harness.left(KEYS.timeline("c1")), kept)


async def test_events_of_a_purged_conversation_expire(harness: Harness) -> None:
    await harness.ended_conversation("c1")
    await harness.store.purge(["c1"])
    await harness.commit(Change(events=(_event("c1"),)))
    assert is_about(await harness.left(KEYS.timeline("c1")), harness.settings.messages_kept)
    event_log = EventLog(pool_storage(harness.redis))
    assert await event_log.length("c1") == 1


async def _history(harness: Harness) -> list[str]:
    ids = await harness.redis.zrange(KEYS.history(ALICE.participant_id), 0, -1)
    return [one.decode() for one in cast("list[bytes]", ids)]
