"""settle, replay and drop change dead letters as their headers say."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.messages import MessageState
from conversation_service.store.outbox.dead_letters import (
    EXPIRED_AT_ONCE,
    DeadLetter,
    DeadLetterReason,
)
from conversation_service.store.outbox.entry import CorruptEntry, OutboxEntry
from conversation_service.store.outbox.outbox import LeaseLost
from conversation_service.store.outbox.settlement import DeadLettering, Settlement, StatusUpdate
from support.clock import ManualClock
from support.conversations import ALICE, ALICE_NUMBER, MASKED, SETTINGS
from support.dispatch_harness import CONVERSATION, KEYS, Harness

NOW = ManualClock().now()
LATER = NOW + timedelta(minutes=5)
LEASE = timedelta(seconds=30)
DAY = timedelta(days=1)
KEPT = SETTINGS.dead_letters_kept
INVALID = DeadLetterReason.INVALID
DEAD = Event(EventType.MESSAGE_DEAD_LETTERED, CONVERSATION, message_id="m0", detail="INVALID")


class Outbox(Harness):
    """An outbox with its dead letters and its lease."""

    token = ""

    async def read(self) -> list[OutboxEntry | CorruptEntry]:
        self.token = await self.outbox.acquire_lease(self.token, LEASE) or ""
        await self.outbox.prepare()
        return await self.outbox.read_new(200, None)

    async def dead_letter(
        self, *bodies: str, conversation_id: str = CONVERSATION
    ) -> list[DeadLetter]:
        """Messages that became dead letters."""
        for body in bodies:
            await self.add(ALICE, body, conversation_id)
        dead = [
            DeadLettering(entry.entry_id, entry.message_id, INVALID, KEPT)
            for entry in await self.read()
        ]
        await self.outbox.settle(self.token, dead, NOW)
        return await self.dead_letters.page(1000, "")

    async def replay(self, dead_letter_id: str, message_id: str) -> str | None:
        return await self.dead_letters.replay("r1", dead_letter_id, message_id, LATER, SETTINGS)

    async def discard(self, dead_letter_id: str, message_id: str) -> str | None:
        return await self.dead_letters.discard("r1", dead_letter_id, message_id, LATER, SETTINGS)

    async def logged(self) -> list[Event]:
        """The events behind the messages' own."""
        events = [logged.event for logged in await self.event_log.after("0-0", 1000)]
        return [event for event in events if event.type is not EventType.MESSAGE_RELAYED]


@pytest.fixture
async def harness(redis: Redis, clock: ManualClock) -> AsyncIterator[Outbox]:
    async with Outbox(redis, clock) as made:
        yield made


async def test_a_dead_letter_keeps_the_entry_and_is_an_event(harness: Outbox) -> None:
    [letter] = await harness.dead_letter("hello")
    assert letter == DeadLetter(
        letter.dead_letter_id, "m0", CONVERSATION, INVALID, NOW, NOW, is_readable=True
    )
    assert await harness.redis.xlen(KEYS.outbox) == 0
    assert await harness.logged() == [DEAD]
    assert await harness.outbox.state("m0") is MessageState.ACCEPTED
    days = await harness.redis.pttl(KEYS.message("m0")) / DAY.total_seconds() / 1000
    assert 29 < days <= 30, "the message is kept as long as its dead letter"


async def test_under_a_lost_lease_nothing_is_written(harness: Outbox) -> None:
    await harness.add(ALICE, "hello")
    [entry] = await harness.read()
    dead = DeadLettering(entry.entry_id, "m0", INVALID, KEPT)
    with pytest.raises(LeaseLost):
        await harness.outbox.settle("another", [dead], NOW)
    assert await harness.dead_letters.count() == 0
    assert await harness.redis.xlen(KEYS.outbox) == 1


async def test_a_repeated_settlement_writes_no_second_dead_letter_or_event(harness: Outbox) -> None:
    await harness.add_relayed((ALICE, "first"), (ALICE, "hello"), (ALICE, "bye"))
    _, dead, last = await harness.read()
    settled = (
        DeadLettering(dead.entry_id, "m1", INVALID, KEPT),
        Settlement(last.entry_id, "m2", MessageState.SENT, resolution="RECORD"),
    )
    for _ in range(2):
        await harness.outbox.settle(harness.token, settled, NOW)
    assert await harness.dead_letters.count() == 1
    assert [event.type for event in await harness.logged()] == [
        EventType.MESSAGE_DEAD_LETTERED,
        EventType.MESSAGE_SENT,
        EventType.MESSAGE_RESOLVED,
    ]
    assert await harness.redis.xlen(KEYS.outbox) == 1, "the first is not settled"


async def test_an_entry_that_was_removed_is_neither_pending_nor_a_dead_letter(
    harness: Outbox,
) -> None:
    await harness.add_relayed((ALICE, "one"), (ALICE, "two"))
    one, two = await harness.read()
    await harness.redis.xdel(KEYS.outbox, one.entry_id)
    assert await harness.outbox.read_by_id([one.entry_id]) == {}
    dead = DeadLettering(one.entry_id, "m0", DeadLetterReason.RETRIES_EXHAUSTED, KEPT)
    await harness.outbox.settle(harness.token, [dead], NOW)
    assert await harness.outbox.read_pending("0", 10) == [two]
    await harness.redis.xdel(KEYS.outbox, two.entry_id)
    assert await harness.outbox.read_pending("0", 10) == []
    assert await harness.pending() == 0
    assert await harness.dead_letters.count() == 0


async def test_a_replayed_message_is_back_in_the_outbox_once_however_often_it_is_requested(
    harness: Outbox,
) -> None:
    [letter] = await harness.dead_letter("hello")
    for _ in range(2):
        assert await harness.replay(letter.dead_letter_id, "m0") == "m0"
    assert await harness.dead_letters.count() == 0
    [entry] = await harness.read()
    assert isinstance(entry, OutboxEntry)
    assert (entry.message_id, entry.accept_time, entry.message.body) == ("m0", LATER, "hello")
    replayed = Event(EventType.MESSAGE_REPLAYED, CONVERSATION, message_id="m0")
    assert await harness.logged() == [DEAD, replayed]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (MessageState.ACCEPTED, MessageState.REFUSED),
        # A receipt arrived for a dead letter after all, as its send had been uncertain.
        (MessageState.SENT, MessageState.REFUSED),
        (MessageState.DELIVERED, MessageState.DELIVERED),
        (MessageState.UNDELIVERED, MessageState.UNDELIVERED),
    ],
)
async def test_a_discarded_message_is_refused_once_unless_its_state_ranks_higher(
    harness: Outbox, before: MessageState, after: MessageState
) -> None:
    [letter] = await harness.dead_letter("hello")
    await harness.outbox.advance([StatusUpdate("m0", before)], NOW)
    for _ in range(2):
        assert await harness.discard(letter.dead_letter_id, "m0") == "m0"
    assert await harness.dead_letters.count() == 0
    assert await harness.outbox.state("m0") is after
    refused = EventType.MESSAGE_REFUSED
    dropped = Event(refused, CONVERSATION, message_id="m0", detail="DROPPED_BY_OPERATOR")
    events = await harness.logged()
    assert (events[0], events[-1]) == (DEAD, dropped)
    assert events.count(dropped) == 1


@pytest.mark.parametrize("name", ["1-0", "x", "", "1", "99999999999999999999-0"])
async def test_a_dead_letter_that_does_not_exist_can_be_neither_replayed_nor_discarded(
    harness: Outbox, name: str
) -> None:
    assert await harness.dead_letters.get(name) is None
    assert await harness.replay(name, "") is None
    assert await harness.discard(name, "") is None
    assert await harness.redis.keys("*") == []


async def test_idempotency_records_of_changes_expire(harness: Outbox) -> None:
    one, two = await harness.dead_letter("one", "two")
    await harness.replay(one.dead_letter_id, "m0")
    await harness.discard(two.dead_letter_id, "m1")
    records = [key async for key in harness.redis.scan_iter("*dead-letter-request:*")]
    assert len(records) == 2
    assert all([await harness.redis.pttl(key) > 0 for key in records])


async def test_a_message_that_is_not_kept_is_not_created_again(harness: Outbox) -> None:
    one, two = await harness.dead_letter("one", "two")
    await harness.redis.delete(KEYS.message("m0"), KEYS.message("m1"))
    assert await harness.replay(one.dead_letter_id, "m0") == "m0"
    assert await harness.discard(two.dead_letter_id, "m1") == "m1"
    assert await harness.redis.exists(KEYS.message("m0"), KEYS.message("m1")) == 0


async def test_a_message_outside_of_any_conversation_has_events_in_the_pool_only(
    harness: Outbox,
) -> None:
    [letter] = await harness.dead_letter("code", conversation_id="")
    assert letter.conversation_id == ""
    assert await harness.logged() == [replace(DEAD, conversation_id="")]
    assert await harness.redis.exists(KEYS.timeline("")) == 0


async def test_dead_letters_that_were_kept_long_enough_expire_in_batches(harness: Outbox) -> None:
    letters = await harness.dead_letter(*map(str, range(EXPIRED_AT_ONCE + 1)))
    # The ids of dead letters come from Redis's own clock.
    then = datetime.now(UTC) + SETTINGS.dead_letters_kept
    assert await harness.dead_letters.expire(then - DAY, SETTINGS) == 0
    assert await harness.dead_letters.expire(then + DAY, SETTINGS) == EXPIRED_AT_ONCE
    assert await harness.dead_letters.page(10, "") == letters[EXPIRED_AT_ONCE:]
    assert await harness.outbox.state("m0") is MessageState.EXPIRED
    types = [event.type for event in await harness.logged()]
    assert types.count(EventType.MESSAGE_EXPIRED) == EXPIRED_AT_ONCE


async def test_a_dead_letter_shows_neither_number_nor_body(harness: Outbox) -> None:
    [letter] = await harness.dead_letter("a secret word")
    stored = repr(await harness.redis.xrange(KEYS.dead)) + repr(letter)
    for hidden in (ALICE_NUMBER[1:], MASKED[1:], "secret"):
        assert hidden not in stored
