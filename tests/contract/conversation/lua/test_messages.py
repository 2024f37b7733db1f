"""Messages of a conversation: listed by their ids, and their records."""

from datetime import timedelta

import pytest

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.model.events import DISCARDED, Event, EventType, RelayRefusal
from conversation_service.domain.model.message_records import MessageRecord
from conversation_service.domain.model.messages import MessageState, OutboundMessage
from conversation_service.domain.templates.catalog import Template
from conversation_service.store import event_log
from conversation_service.store.event_log import DuplicateDelivery
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.keyspace.timestamps import span_ms
from conversation_service.store.outbox.outbox import Outbox
from conversation_service.store.outbox.settlement import StatusUpdate
from support.builders.conversations import ALICE, BOB, MASKED, pool_storage

from .repository_harness import NEVER_SEEN, Harness

KEYS = Keys("main")
RELAYED, HELD = EventType.MESSAGE_RELAYED, EventType.MESSAGE_HELD
SECOND = timedelta(seconds=1)


async def record(harness: Harness, *events: tuple[EventType, str]) -> None:
    """Commits one change with these events about messages."""
    author = ALICE.participant_id
    change = Change(events=tuple(Event(kind, "c", author, name) for kind, name in events))
    await harness.commit(change)


async def say(harness: Harness, kind: EventType = RELAYED, notices: int = 0) -> list[str]:
    """A message and its notices, a second later; their ids."""
    harness.clock.move(seconds=1)
    message_id = harness.snapshot().change_id
    replies = [f"{message_id}-{index}" for index in range(1, notices + 1)]
    accepted = [(EventType.MESSAGE_ACCEPTED, reply) for reply in replies]
    await record(harness, (kind, message_id), *accepted)
    return [message_id, *replies]


async def listed(harness: Harness, after: str = "", limit: int = 100) -> list[str]:
    return (await harness.event_log.messages("c", after, limit)).message_ids


async def all_pages(harness: Harness, size: int) -> list[str]:
    found, token = list[str](), ""
    while True:
        page = await harness.event_log.messages("c", token, size)
        assert len(page.message_ids) <= size
        found += page.message_ids
        if not page.has_more:
            return found
        token = page.message_ids[-1]


async def another_millisecond(harness: Harness) -> None:
    """Events are trimmed by their milliseconds, so those that are kept must be of later ones."""
    before = now = await harness.redis.time()
    while now[0] * 1000 + now[1] // 1000 == before[0] * 1000 + before[1] // 1000:
        now = await harness.redis.time()


async def trim_first(harness: Harness, count: int) -> None:
    """Removes the oldest events, as trimming does."""
    ids = [event.event_id for event in await harness.event_log.after("0-0", count)]
    await harness.redis.xdel(KEYS.events, *ids)
    await harness.redis.set(KEYS.events_trimmed, ids[-1])


async def test_messages_are_listed_in_order_after_any_of_them(harness: Harness) -> None:
    first = await say(harness, notices=2)
    await record(harness, (EventType.MESSAGE_SENT, first[0]), (EventType.MESSAGE_SENT, first[1]))
    ids = [*first, *await say(harness, EventType.MESSAGE_NOT_RELAYED), *await say(harness, HELD)]
    assert await listed(harness) == ids
    for index, message_id in enumerate(ids):
        assert await listed(harness, message_id) == ids[index + 1 :]
    assert await listed(harness, ids[0], 2) == ids[1:3]
    for size in (1, 2, 3, len(ids)):
        assert await all_pages(harness, size) == ids


async def test_a_full_last_page_has_no_next_one(harness: Harness) -> None:
    ids = await say(harness, notices=1)
    await record(harness, *[(EventType.MESSAGE_SENT, message_id) for message_id in ids])
    page = await harness.event_log.messages("c", "", 2)
    assert (page.message_ids, page.has_more) == (ids, False)
    assert await harness.event_log.messages("nothing", "", 2) == ([], False)


async def test_a_held_message_is_listed_once_where_it_was_held(harness: Harness) -> None:
    [held] = await say(harness, HELD)
    [other] = await say(harness)
    harness.clock.move(seconds=100)
    await record(harness, (RELAYED, held))
    [last] = await say(harness)
    for size in (1, 2, 100):
        assert await all_pages(harness, size) == [held, other, last]
    assert await listed(harness, held) == [other, last]


async def test_a_message_may_be_held_and_relayed_within_a_millisecond(harness: Harness) -> None:
    [held] = await say(harness, HELD)
    other = harness.snapshot().change_id
    await record(harness, (RELAYED, other), (RELAYED, held))
    last = harness.snapshot().change_id
    await record(harness, (RELAYED, last))
    for size in (1, 2, 3, 100):
        assert await all_pages(harness, size) == [held, other, last]
    assert await listed(harness, other) == [last]


async def test_a_page_token_stays_valid_when_its_message_is_trimmed(harness: Harness) -> None:
    trimmed = [*await say(harness), *await say(harness)]
    await another_millisecond(harness)
    kept = [*await say(harness), *await say(harness)]
    await trim_first(harness, 2)
    assert await listed(harness) == kept
    for message_id in trimmed:
        assert await listed(harness, message_id) == kept
    assert await listed(harness, kept[0]) == kept[1:]


async def test_a_relayed_message_is_listed_though_its_hold_is_trimmed(harness: Harness) -> None:
    [held] = await say(harness, HELD)
    harness.clock.move(seconds=100)
    [first] = await say(harness)
    await record(harness, (RELAYED, held))
    [last] = await say(harness)
    await harness.redis.xdel(KEYS.events, (await harness.event_log.after("0-0", 1))[0].event_id)
    for size in (1, 2, 100):
        assert await all_pages(harness, size) == [first, held, last]


async def test_times_of_replicas_may_be_out_of_order(harness: Harness) -> None:
    ids = await say(harness)
    harness.clock.move(seconds=-30)
    ids += await say(harness)
    harness.clock.move(seconds=45)
    ids += await say(harness)
    for size in (1, 2, 100):
        assert await all_pages(harness, size) == ids


async def test_a_page_is_full_though_each_call_examines_only_so_many_events(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "EXAMINED_AT_ONCE", 3)
    ids = [message_id for _ in range(3) for message_id in await say(harness)]
    for message_id in ids:
        await record(harness, *[(EventType.MESSAGE_UNCERTAIN, message_id)] * 8)
    ids += await say(harness)
    assert await listed(harness) == ids
    for size in (1, 2):
        assert await all_pages(harness, size) == ids


def held_record(snapshot: Snapshot) -> MessageRecord:
    return MessageRecord(
        snapshot.change_id, MessageState.HELD, snapshot.now, BOB.person_id, "c", is_relayed=True
    )


async def test_a_held_record_stays_until_its_message_is_sent(harness: Harness) -> None:
    outbox, held = (
        Outbox(pool_storage(harness.redis), harness.redis),
        held_record(harness.snapshot()),
    )
    await harness.commit(Change(records=(held,)))
    key = KEYS.message(held.message_id)
    assert await outbox.messages([held.message_id]) == [held]
    assert await harness.redis.pttl(key) == -1
    harness.clock.move(seconds=5)
    message = OutboundMessage(
        held.message_id, "c", MASKED, BOB, "hi", is_relayed=True, was_held=True
    )
    await harness.commit(Change(texts=(message,)))
    [resumed] = await outbox.messages([held.message_id])
    assert (resumed.state, resumed.create_time) == (MessageState.ACCEPTED, held.create_time)
    assert resumed.change_time == harness.clock.now()
    assert 0 < await harness.redis.pttl(key) <= span_ms(harness.pool.settings.retention.messages)
    await outbox.advance([StatusUpdate(held.message_id, MessageState.SENT)], harness.clock.now())
    assert await outbox.state(held.message_id) is MessageState.SENT


async def test_a_held_record_that_is_given_up_says_why_and_expires(harness: Harness) -> None:
    outbox, held = (
        Outbox(pool_storage(harness.redis), harness.redis),
        held_record(harness.snapshot()),
    )
    await harness.commit(Change(records=(held,)))
    harness.clock.move(seconds=5)
    await harness.commit(Change(discarded=(held.message_id,)))
    [failed] = await outbox.messages([held.message_id])
    assert (failed.state, failed.failure) == (MessageState.FAILED, DISCARDED)
    assert (failed.create_time, failed.change_time) == (held.create_time, harness.clock.now())
    assert await harness.redis.pttl(KEYS.message(held.message_id)) > 0


async def test_the_record_of_a_message_that_is_not_relayed_expires(harness: Harness) -> None:
    snapshot = harness.snapshot()
    refused = MessageRecord(
        snapshot.change_id,
        MessageState.NOT_RELAYED,
        snapshot.now,
        "",
        "c",
        is_relayed=True,
        segment_count=12,
        attachment_count=2,
        relay_refusal=RelayRefusal.TOO_LONG,
    )
    await harness.commit(Change(records=(refused,)))
    outbox = Outbox(pool_storage(harness.redis), harness.redis)
    assert await outbox.messages([refused.message_id, "unknown"]) == [refused]
    assert await harness.redis.pttl(KEYS.message(refused.message_id)) > 0


async def test_a_record_has_the_template_of_a_system_message(harness: Harness) -> None:
    outbox = Outbox(pool_storage(harness.redis), harness.redis)
    for index, template in enumerate((Template.HELP, None)):
        message = OutboundMessage(f"m{index}", "c", MASKED, BOB, "x" * 161, template=template)
        await harness.commit(Change(texts=(message,)))
        [found] = await outbox.messages([message.message_id])
        assert (found.template, found.is_relayed, found.segment_count) == (template, False, 2)


async def test_a_duplicate_is_recorded_with_its_message_in_its_conversation(
    harness: Harness,
) -> None:
    snapshot = harness.snapshot()
    held = held_record(snapshot)
    event = Event(HELD, "c", ALICE.participant_id, held.message_id)
    await harness.commit(Change(records=(held,), events=(event,)))
    duplicates = [
        DuplicateDelivery(NEVER_SEEN, "", ALICE.participant_id, name)
        for name in (held.message_id, "not kept")
    ]
    await harness.event_log.record_duplicates(duplicates, snapshot.now, SECOND)
    [_, repeated] = await harness.event_log.timeline("c", "0-0", 10)
    expected = EventType.MESSAGE_DUPLICATE_RECEIVED, "c", ALICE.participant_id, held.message_id
    found = repeated.event
    assert (
        found.type,
        found.conversation_id,
        found.participant_id,
        found.message_id,
    ) == expected
