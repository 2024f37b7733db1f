"""settle, replay_dead_letter and discard_dead_letter do what their headers say."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.model.events import (
    DeadLetterReason,
    Event,
    EventType,
    Failure,
    FailureReason,
    SendResolution,
)
from conversation_service.domain.model.messages import MessageState
from conversation_service.store.outbox.dead_letters import (
    EXPIRED_AT_ONCE,
    DeadLetter,
)
from conversation_service.store.outbox.entry import OutboxEntry
from conversation_service.store.outbox.settlement import Settlement
from support.builders.conversations import (
    ALICE,
    SETTINGS,
    settings_with,
)
from support.builders.dispatch_harness import CONVERSATION, KEYS

from .outbox_harness import KEPT, LATER, NOW, OutboxHarness, dead_lettering, died_at

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
INVALID = DeadLetterReason.INVALID
DEAD = Event(EventType.MESSAGE_DEAD_LETTERED, CONVERSATION, message_id="m0", detail=INVALID)


async def test_a_dead_letter_keeps_the_entry_and_is_an_event(outbox: OutboxHarness) -> None:
    [letter] = await outbox.dead_letter("hello")
    assert letter == DeadLetter(
        letter.dead_letter_id, "m0", CONVERSATION, INVALID, NOW, NOW, is_readable=True
    )
    assert await outbox.entry_ids() == []
    assert await outbox.logged() == [DEAD]
    assert await outbox.outbox.state("m0") is MessageState.ACCEPTED


async def test_a_repeated_settlement_writes_no_second_dead_letter_or_event(
    outbox: OutboxHarness,
) -> None:
    await outbox.add_relayed((ALICE, "first"), (ALICE, "hello"), (ALICE, "bye"))
    first, dead, last = await outbox.read()
    for _ in range(2):
        await outbox.settle(
            dead_lettering(dead),
            Settlement(last.entry_id, "m2", MessageState.SENT, resolution=SendResolution.RECORD),
        )
    assert await outbox.dead_letters.count() == 1
    assert [event.type for event in await outbox.logged()] == [
        EventType.MESSAGE_DEAD_LETTERED,
        EventType.MESSAGE_SENT,
        EventType.MESSAGE_RESOLVED,
    ]
    assert await outbox.entry_ids() == [first.entry_id]


async def test_an_entry_that_was_removed_becomes_no_dead_letter(
    outbox: OutboxHarness,
) -> None:
    await outbox.add_relayed((ALICE, "one"), (ALICE, "two"))
    first, second = await outbox.read()
    await outbox.redis.xdel(KEYS.outbox, first.entry_id)
    assert await outbox.outbox.read_by_id([first.entry_id]) == {}
    await outbox.settle(dead_lettering(first, DeadLetterReason.RETRIES_EXHAUSTED))
    assert await outbox.outbox.read("0", 10, None) == [second]
    await outbox.redis.xdel(KEYS.outbox, second.entry_id)
    assert await outbox.outbox.read("0", 10, None) == []
    assert await outbox.dead_letters.count() == 0


async def test_a_replayed_message_is_back_in_the_outbox_once_however_often_it_is_requested(
    outbox: OutboxHarness,
) -> None:
    [letter] = await outbox.dead_letter("hello")
    for _ in range(2):
        assert await outbox.replay(letter.dead_letter_id, "m0") == "m0"
    assert await outbox.dead_letters.count() == 0
    [entry] = await outbox.read()
    assert isinstance(entry, OutboxEntry)
    assert (entry.message_id, entry.accept_time, entry.message.body) == ("m0", LATER, "hello")
    replayed = Event(EventType.MESSAGE_REPLAYED, CONVERSATION, message_id="m0")
    assert await outbox.logged() == [DEAD, replayed]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (MessageState.ACCEPTED, MessageState.FAILED),
        # A delivery receipt arrived for a dead letter after all, as its send had been uncertain.
        (MessageState.SENT, MessageState.FAILED),
        (MessageState.DELIVERED, MessageState.DELIVERED),
        (MessageState.UNDELIVERED, MessageState.UNDELIVERED),
    ],
)
async def test_a_discarded_message_is_refused_once_unless_its_state_ranks_higher(
    outbox: OutboxHarness, before: MessageState, after: MessageState
) -> None:
    [letter] = await outbox.dead_letter("hello")
    await outbox.advance("m0", before)
    for _ in range(2):
        assert await outbox.discard(letter.dead_letter_id, "m0") == "m0"
    assert await outbox.dead_letters.count() == 0
    assert await outbox.outbox.state("m0") is after
    detail = Failure(FailureReason.DISCARDED)
    discarded = Event(EventType.MESSAGE_FAILED, CONVERSATION, message_id="m0", detail=detail)
    events = await outbox.logged()
    assert (events[0], events[-1]) == (DEAD, discarded)
    assert events.count(discarded) == 1


@pytest.mark.parametrize("letter_id", ["1-0", "x", "", "1", "99999999999999999999-0"])
async def test_a_dead_letter_that_does_not_exist_can_be_neither_replayed_nor_discarded(
    outbox: OutboxHarness, letter_id: str
) -> None:
    assert await outbox.dead_letters.get(letter_id) is None
    assert await outbox.replay(letter_id, "") is None
    assert await outbox.discard(letter_id, "") is None
    assert await outbox.redis.keys("*") == []


async def test_idempotency_records_of_changes_expire_as_the_pool_says(
    outbox: OutboxHarness,
) -> None:
    outbox.settings = settings_with({"retention.idempotency_records": 5 * DAY})
    first, second = await outbox.dead_letter("one", "two")
    await outbox.replay(first.dead_letter_id, "m0")
    await outbox.discard(second.dead_letter_id, "m1")
    records = [key.decode() async for key in outbox.redis.scan_iter("*dead-letter-request:*")]
    assert len(records) == 2
    assert all([4 * DAY < await outbox.ttl(key) <= 5 * DAY for key in records])


async def test_a_message_that_has_expired_is_not_created_again(outbox: OutboxHarness) -> None:
    first, second = await outbox.dead_letter("one", "two")
    await outbox.redis.delete(KEYS.message("m0"), KEYS.message("m1"))
    assert await outbox.replay(first.dead_letter_id, "m0") == "m0"
    assert await outbox.discard(second.dead_letter_id, "m1") == "m1"
    assert await outbox.redis.exists(KEYS.message("m0"), KEYS.message("m1")) == 0


async def test_a_message_outside_of_any_conversation_has_events_in_the_pool_only(
    outbox: OutboxHarness,
) -> None:
    [letter] = await outbox.dead_letter("code", conversation_id="")
    assert letter.conversation_id == ""
    assert await outbox.logged() == [replace(DEAD, conversation_id="")]
    assert await outbox.redis.exists(KEYS.timeline("")) == 0


@pytest.mark.parametrize(
    ("kept", "expected"), [(HOUR, SETTINGS.retention.messages), (20 * DAY, 20 * DAY)]
)
async def test_a_message_is_kept_as_long_as_its_dead_letter_and_never_shorter_than_others(
    outbox: OutboxHarness, kept: timedelta, expected: timedelta
) -> None:
    outbox.settings = settings_with({"retention.dead_letters": kept})
    [letter] = await outbox.dead_letter("hello", kept=kept)
    assert expected - HOUR < await outbox.ttl(KEYS.message("m0")) <= expected
    await outbox.replay(letter.dead_letter_id, "m0")
    assert expected - HOUR < await outbox.ttl(KEYS.message("m0")) <= expected


async def test_a_replayed_message_is_kept_as_long_as_a_new_one(outbox: OutboxHarness) -> None:
    [letter] = await outbox.dead_letter("hello")
    await outbox.redis.pexpire(KEYS.message("m0"), HOUR)
    await outbox.replay(letter.dead_letter_id, "m0")
    expected = SETTINGS.retention.messages
    assert expected - HOUR < await outbox.ttl(KEYS.message("m0")) <= expected


async def test_dead_letters_expire_in_batches_as_soon_as_the_current_setting_says(
    outbox: OutboxHarness,
) -> None:
    letters = await outbox.dead_letter(*map(str, range(EXPIRED_AT_ONCE + 1)))
    shorter, then = settings_with({"retention.dead_letters": HOUR}), died_at(letters[-1]) + 2 * HOUR
    assert await outbox.dead_letters.expire(then, SETTINGS) == 0
    assert await outbox.dead_letters.expire(then, shorter) == EXPIRED_AT_ONCE
    assert await outbox.dead_letters.page(10, "") == letters[EXPIRED_AT_ONCE:]
    assert await outbox.outbox.state("m0") is MessageState.EXPIRED
    types = [event.type for event in await outbox.logged()]
    assert types.count(EventType.MESSAGE_EXPIRED) == EXPIRED_AT_ONCE
    # A dead letter's age counts from its death, by Redis's own clock.
    assert await outbox.dead_letters.expire(died_at(letters[-1]) + KEPT - HOUR, SETTINGS) == 0
    assert await outbox.dead_letters.expire(died_at(letters[-1]) + KEPT, SETTINGS) == 1
