"""The other scripts: events, masked numbers, expiry, and nothing readable in Redis."""

from dataclasses import replace
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from redis.typing import EncodableT, FieldT

from conversation_service.domain.commands.core.change import (
    Change,
    CodeAttemptsChange,
    RouteClaim,
    SenderLimitsChange,
)
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.lifecycle import (
    ended,
    joined,
    message_held,
    paused,
    started,
)
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.messages import HeldMessage, OutboundMessage
from conversation_service.domain.model.rate_limits import NEVER, SenderLimits
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, Committed
from conversation_service.store.deployment.pool_index import PoolIndex
from conversation_service.store.event_log import DUPLICATES_RECORDED, DuplicateDelivery, EventLog
from conversation_service.store.keyspace.keys import DeploymentKeys
from conversation_service.store.keyspace.timestamps import span_ms, to_ms
from conversation_service.store.storage import Storage
from support.clock import ManualClock
from support.conversations import (
    ALICE,
    ALICE_NUMBER,
    BOB,
    BOB_NUMBER,
    CAROL,
    CIPHER,
    MASKED,
    OTHER_MASKED,
    POOL,
    route,
)

from .committing import KEYS, NOW, UNCREATED, add_messages, commit

LEASE = timedelta(seconds=30)
KEPT = timedelta(days=10)


async def test_scripts_that_redis_forgot_are_loaded_again(
    redis: Redis, store: ConversationRepository
) -> None:
    await add_messages(store, "one", name="first")
    await redis.script_flush()
    await add_messages(store, "two", name="second")
    await redis.script_flush()
    key = IdempotencyKey("text", "first", ())
    loaded = await store.load([(key, ReadSet())], UNCREATED, NOW)
    assert loaded.duplicates != [None]


async def test_only_the_first_duplicates_are_recorded(
    redis: Redis, store: ConversationRepository, event_log: EventLog
) -> None:
    await add_messages(store, "one", conversation_id="c")
    again = DuplicateDelivery(IdempotencyKey("text", "m", ()), "c", ALICE.participant_id)
    for _ in range(DUPLICATES_RECORDED + 3):
        await event_log.record_duplicates([again], NOW, KEPT)
    told = [one.event for one in await event_log.timeline("c", 0, 50)]
    assert (
        told[1:]
        == [Event(EventType.MESSAGE_REPEATED, "c", ALICE.participant_id)] * DUPLICATES_RECORDED
    )
    [counter] = [key async for key in redis.scan_iter("*duplicates:*")]
    assert 0 < await redis.pttl(counter) <= span_ms(KEPT)


async def test_old_events_are_trimmed_and_the_newest_trimmed_one_is_known(
    redis: Redis, event_log: EventLog
) -> None:
    then = NOW - KEPT - timedelta(seconds=1)
    for at in (then, NOW):
        fields: dict[FieldT, EncodableT] = {"type": "POOL_UPDATED", "at": to_ms(at)}
        fields |= dict.fromkeys(("conversation", "participant", "message", "detail"), "")
        await redis.xadd(KEYS.events, fields, id=f"{to_ms(at)}-0")
    assert await event_log.trimmed_through() == "0-0"
    await event_log.trim(NOW, KEPT)
    assert [one.time for one in await event_log.after("0-0", 10)] == [NOW]
    assert await event_log.trimmed_through() == f"{to_ms(then)}-0"
    await event_log.trim(NOW + timedelta(seconds=1), KEPT)
    assert await event_log.trimmed_through() == f"{to_ms(then)}-0", "nothing more was forgotten"


async def test_a_timeline_keeps_its_end(
    redis: Redis,
    store: ConversationRepository,
    event_log: EventLog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("conversation_service.store.conversations.commit.TIMELINE_LENGTH", 3)
    events = tuple(Event(EventType.MESSAGE_HELD, "c", detail=str(at)) for at in range(5))
    await commit(store, "r", Change(events=events))
    assert [one.event.detail for one in await event_log.timeline("c", 0, 9)] == ["2", "3", "4"]


async def test_numbers_are_claimed_all_or_none_and_released_by_their_owner_only(
    redis: Redis,
) -> None:
    index = PoolIndex(Storage(redis, CIPHER))
    assert await index.claim_numbers("main", [MASKED])
    assert not await index.claim_numbers("other", [OTHER_MASKED, MASKED])
    assert await index.owner(OTHER_MASKED) is None
    assert await index.claim_numbers("main", [MASKED, OTHER_MASKED])
    await index.release_number("other", MASKED)
    assert await index.owner(MASKED) == "main"
    await index.release_number("main", MASKED)
    assert await index.owner(MASKED) is None
    assert MASKED.encode() not in repr(await redis.hgetall(DeploymentKeys().numbers)).encode()


async def test_keys_of_ended_conversations_expire_and_those_of_live_ones_do_not(
    redis: Redis, store: ConversationRepository
) -> None:
    facts = [Snapshot(POOL, NOW, f"c{at}", "K7M2Q9") for at in range(6)]
    waiting = started(facts[1], route(ALICE), "a name")
    first = Change(
        after=waiting,
        claims=(RouteClaim(route(ALICE)),),
        texts=(OutboundMessage("m", "c1", MASKED, ALICE, "hello"),),
        events=(Event(EventType.CONVERSATION_STARTED, "c1"),),
        sender_limits=SenderLimitsChange(BOB, SenderLimits(), SenderLimits().help_sent(NOW)),
        code_attempts=CodeAttemptsChange(MASKED, NEVER, NEVER.incremented(NOW, LEASE)),
    )
    await commit(store, "1", first)
    route_key = KEYS.route(CIPHER.blind_index("route", MASKED, ALICE.participant_id))
    counts = {KEYS.live_by_number, KEYS.live_by_person}
    always = {KEYS.outbox, KEYS.deadlines, KEYS.conversations, KEYS.events}
    name = KEYS.name(CIPHER.blind_index("name", "a name"))
    live = {KEYS.conversation("c1"), KEYS.timeline("c1"), route_key, name}
    assert await keys_without_expiry(redis) == always | counts | live
    active = joined(facts[2], waiting, BOB)
    await commit(store, "2", Change(waiting, active, (RouteClaim(route(BOB)),)))
    keeping = message_held(paused(facts[3], active), ALICE)
    text = HeldMessage(ALICE.participant_id, "kept")
    await commit(store, "3", Change(active, keeping, held=(text,)))
    over = ended(facts[4], keeping, EndReason.OPERATOR_ENDED)
    await commit(store, "4", Change(keeping, over))
    assert await keys_without_expiry(redis) == always


async def test_an_expired_record_is_not_due_for_ever(
    redis: Redis, store: ConversationRepository
) -> None:
    waiting = started(Snapshot(POOL, NOW, "c1", "K7M2Q9"), route(ALICE))
    await commit(store, "1", Change(None, waiting))
    await redis.delete(KEYS.conversation("c1"))
    assert await store.due(waiting.due_time, 10) == []
    assert await redis.zcard(KEYS.deadlines) == 0
    assert await redis.zcard(KEYS.conversations) == 0


async def test_a_copy_of_redis_shows_no_number_no_body_and_no_code(
    redis: Redis, store: ConversationRepository, clock: ManualClock
) -> None:
    facts = Snapshot(POOL, clock.now(), "c1", "K7M2Q9")
    waiting = started(facts, route(ALICE), "a secret name")
    active = joined(Snapshot(POOL, clock.now(), "c2", ""), waiting, BOB)
    keeping = message_held(paused(Snapshot(POOL, clock.now(), "c3", ""), active), ALICE)
    over = ended(Snapshot(POOL, clock.now(), "c4", ""), keeping, EndReason.BLOCKED, "a secret")
    said = OutboundMessage("m", "c1", MASKED, ALICE, "a secret word")
    attempts = CodeAttemptsChange(MASKED, NEVER, NEVER.incremented(NOW, LEASE))
    changes = [
        Change(None, waiting, (RouteClaim(route(ALICE)),), (said,), pool=replace(POOL, version="")),
        Change(waiting, active, (RouteClaim(route(BOB)),)),
        Change(active, keeping, held=(HeldMessage(ALICE.participant_id, "a secret word"),)),
        Change(blocks=(ALICE, CAROL)),
        Change(keeping, over, code_attempts=attempts),
    ]
    for at, change in enumerate(changes):
        key = IdempotencyKey("start", f"{ALICE_NUMBER} {at}", (ALICE_NUMBER, "a secret word"))
        assert await store.commit([Commit(key, change, clock.now(), UNCREATED)]) == [Committed()]
        copy = b"".join([await everything(redis, key) for key in await keys(redis)])
        for hidden in (ALICE_NUMBER, BOB_NUMBER, MASKED, "secret", "K7M2Q9"):
            assert hidden.removeprefix("+").encode() not in copy


async def test_no_duplicate_is_recorded_in_a_purged_conversation(
    redis: Redis, event_log: EventLog
) -> None:
    again = DuplicateDelivery(IdempotencyKey("text", "m", ()), "c", ALICE.participant_id)
    await event_log.record_duplicates([again], NOW, KEPT)
    assert await redis.exists(KEYS.events, KEYS.timeline("c")) == 0


async def everything(redis: Redis, key: bytes) -> bytes:
    match await redis.type(key):
        case b"hash":
            return key + repr(await redis.hgetall(key)).encode()
        case b"stream":
            return key + repr(await redis.xrange(key)).encode()
        case b"list":
            return key + repr(await redis.lrange(key, 0, -1)).encode()
        case b"set":
            return key + repr(await redis.smembers(key)).encode()
        case b"zset":
            return key + repr(await redis.zrange(key, 0, -1, withscores=True)).encode()
        case _:
            return key + repr(await redis.get(key)).encode()


async def keys_without_expiry(redis: Redis) -> set[str]:
    return {key.decode() for key in await keys(redis) if await redis.pttl(key) == -1}


async def keys(redis: Redis) -> list[bytes]:
    return [key for key in await redis.keys("*") if isinstance(key, bytes)]
