"""The other scripts: events and timelines, masked numbers, history, records that expired."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import cast

from redis.asyncio import Redis
from redis.typing import EncodableT, FieldT

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.lifecycle import created
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.store.conversations.commit import DROPPED_AT_ONCE
from conversation_service.store.conversations.commit_conversation import FORGOTTEN_ANYWAY_AFTER
from conversation_service.store.deployment.pool_index import PoolIndex
from conversation_service.store.event_log import DUPLICATES_RECORDED, START, DuplicateDelivery
from conversation_service.store.keyspace.deployment_keys import DeploymentKeys
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.keyspace.timestamps import span_ms, to_ms
from conversation_service.store.storage import Storage
from support.builders.conversations import (
    ALICE,
    BOB,
    CIPHER,
    MASKED,
    OTHER_MASKED,
    POOL,
    settings_with,
)

from .repository_harness import Harness

KEYS = Keys("main")
DAY = timedelta(days=1)
KEPT = 10 * DAY
DUPLICATE = DuplicateDelivery(IdempotencyKey("text", "m", ()), "c", ALICE.participant_id, "")


def event(conversation_id: str = "c") -> Event:
    return Event(EventType.CONVERSATION_CREATED, conversation_id)


async def ended_conversation(harness: Harness) -> Conversation:
    before = created(harness.snapshot(), MASKED, (ALICE, BOB))
    await harness.commit(Change(after=before, events=(event(before.conversation_id),)))
    return await harness.end(before)


async def left(redis: Redis, key: str) -> timedelta:
    return timedelta(milliseconds=await redis.pttl(key))


async def test_only_the_first_duplicates_are_recorded(harness: Harness) -> None:
    await harness.commit(Change(events=(event(),)))
    for _ in range(DUPLICATES_RECORDED + 3):
        await harness.event_log.record_duplicates([DUPLICATE], harness.clock.now(), KEPT)
    [_, *events] = [logged.event for logged in await harness.event_log.timeline("c", START, 50)]
    repeated = Event(EventType.MESSAGE_DUPLICATE_RECEIVED, "c", ALICE.participant_id)
    assert events == [repeated] * DUPLICATES_RECORDED
    [counter] = [key async for key in harness.redis.scan_iter("*duplicates:*")]
    assert 0 < await harness.redis.pttl(counter) <= span_ms(KEPT)


async def test_no_duplicate_is_recorded_in_a_purged_conversation(harness: Harness) -> None:
    await harness.event_log.record_duplicates([DUPLICATE], harness.clock.now(), KEPT)
    assert await harness.redis.exists(KEYS.events, KEYS.timeline("c")) == 0


async def test_old_events_are_trimmed_and_the_newest_trimmed_one_is_known(harness: Harness) -> None:
    now, log = harness.clock.now(), harness.event_log
    then = now - KEPT - timedelta(seconds=1)
    for time in (then, now):
        fields: dict[FieldT, EncodableT] = {"type": "POOL_UPDATED", "at": to_ms(time)}
        fields |= dict.fromkeys(("conversation", "participant", "message", "detail"), "")
        await harness.redis.xadd(KEYS.events, fields, id=f"{to_ms(time)}-0")
    assert await log.trimmed_through() == "0-0"
    await log.trim(now, KEPT)
    assert [logged.time for logged in await log.after("0-0", 10)] == [now]
    assert await log.trimmed_through() == f"{to_ms(then)}-0"
    await log.trim(now + timedelta(seconds=1), KEPT)
    assert await log.trimmed_through() == f"{to_ms(then)}-0", "no more events were trimmed"


async def listed(harness: Harness, after: str = START, limit: int = 9) -> list[str]:
    """The ids of a conversation's events."""
    return [logged.event_id for logged in await harness.event_log.timeline("c", after, limit)]


async def trim(harness: Harness, ids: Sequence[str]) -> None:
    """Trims these events, the oldest of the stream."""
    await harness.redis.xdel(KEYS.events, *ids)
    await harness.redis.set(KEYS.events_trimmed, ids[-1])


async def test_a_timeline_is_listed_after_any_id_whether_or_not_it_is_kept(
    harness: Harness,
) -> None:
    for _ in range(2):
        await harness.commit(Change(events=(event(),) * 3))
    ids = await listed(harness)
    assert len(set(ids)) == 6
    for index, event_id in enumerate(ids):
        assert await listed(harness, event_id) == ids[index + 1 :]
    assert await listed(harness, ids[1], 2) == ids[2:4]
    await harness.redis.xdel(KEYS.events, ids[3])
    assert await listed(harness, ids[1], 2) == [ids[2], ids[4]]
    await trim(harness, ids[:3])
    assert await listed(harness) == await listed(harness, ids[0]) == ids[4:]


async def test_ids_of_one_millisecond_are_listed_by_their_number(harness: Harness) -> None:
    fields: dict[FieldT, EncodableT] = {"type": "MESSAGE_HELD", "at": 0, "conversation": "c"}
    fields |= dict.fromkeys(("participant", "message", "detail"), "")
    ids = [f"1700000000000-{number}" for number in (2, 9, 10, 11, 100)]
    for event_id in ids:
        await harness.redis.xadd(KEYS.events, fields, id=event_id)
        await harness.redis.rpush(KEYS.timeline("c"), event_id.replace("-", ""))
    for index, event_id in enumerate(ids):
        assert await listed(harness, event_id) == ids[index + 1 :]


async def test_ids_of_trimmed_events_leave_a_timeline_with_later_ones(harness: Harness) -> None:
    await harness.commit(Change(events=(event(),) * (DROPPED_AT_ONCE + 3)))
    old = await listed(harness, limit=100)
    while await now_ms(harness) <= int(old[-1].partition("-")[0]):
        pass
    await trim(harness, old)
    for remaining in (3 + 1, 2):
        await harness.commit(Change(events=(event(),)))
        assert await harness.redis.llen(KEYS.timeline("c")) == remaining
    assert len(await listed(harness)) == 2


async def now_ms(harness: Harness) -> int:
    seconds, microseconds = await harness.redis.time()
    return seconds * 1000 + microseconds // 1000


async def test_a_timeline_expires_with_its_conversation(harness: Harness) -> None:
    over = await ended_conversation(harness)
    timeline = KEYS.timeline(over.conversation_id)
    kept = over.due_time - harness.clock.now() + FORGOTTEN_ANYWAY_AFTER
    assert kept - DAY < await left(harness.redis, timeline) <= kept
    await harness.redis.delete(timeline)
    await harness.commit(Change(events=(event(over.conversation_id),)))
    assert kept - DAY < await left(harness.redis, timeline) <= kept


async def test_events_of_a_purged_conversation_expire(harness: Harness) -> None:
    harness.pool = replace(POOL, settings=settings_with({"retention.messages": 6 * DAY}))
    over = await ended_conversation(harness)
    await harness.store.purge([over])
    await harness.commit(Change(events=(event(over.conversation_id),)))
    assert 5 * DAY < await left(harness.redis, KEYS.timeline(over.conversation_id)) <= 6 * DAY
    assert len(await harness.event_log.timeline(over.conversation_id, START, 9)) == 1


async def test_a_purged_conversation_leaves_the_history_of_its_people(harness: Harness) -> None:
    async def history() -> set[str]:
        ids = await harness.redis.zrange(KEYS.history(ALICE.participant_id), 0, -1)
        return {conversation_id.decode() for conversation_id in cast("list[bytes]", ids)}

    for _ in range(2):
        over = await ended_conversation(harness)
        assert await history() == {over.conversation_id}
        harness.clock.move(seconds=POOL.settings.retention.conversations.total_seconds())
    harness.pool = replace(POOL, settings=settings_with({"retention.conversations": 30 * DAY}))
    longer = await ended_conversation(harness)
    harness.pool = replace(POOL, settings=PoolSettings("Test exchange", "help@example.org"))
    harness.clock.move(days=1)
    latest = await ended_conversation(harness)
    assert await history() == {longer.conversation_id, latest.conversation_id}


async def test_numbers_are_claimed_all_or_none_and_released_by_their_owner_only(
    redis: Redis,
) -> None:
    index = PoolIndex(Storage(redis, CIPHER))
    assert await index.claim_numbers("main", [MASKED]) is None
    assert await index.claim_numbers("other", [OTHER_MASKED, MASKED]) == (1, "main")
    assert await index.owner(OTHER_MASKED) is None
    assert await index.claim_numbers("main", [MASKED, OTHER_MASKED]) is None
    await index.release_number("other", MASKED)
    assert await index.owner(MASKED) == "main"
    await index.release_number("main", MASKED)
    assert await index.owner(MASKED) is None
    assert MASKED.encode() not in repr(await redis.hgetall(DeploymentKeys().numbers)).encode()


async def test_an_expired_record_is_not_due_for_ever(harness: Harness) -> None:
    waiting = await harness.started()
    await harness.redis.delete(KEYS.conversation(waiting.conversation_id))
    assert await harness.store.due(waiting.due_time, 10) == []
    assert await harness.redis.exists(KEYS.deadlines) == 0
    assert await harness.redis.keys("*:conversations:*") == []
