"""Each script does what its header says, and Redis is left as it should be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

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
from conversation_service.domain.model.events import Event, EventType, Rule
from conversation_service.domain.model.messages import HeldMessage, MessageState, OutboundMessage
from conversation_service.domain.model.rate_limits import NEVER, SenderLimits
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, Committed
from conversation_service.store.deployment.pool_index import PoolIndex
from conversation_service.store.event_log import DUPLICATES_RECORDED, DuplicateDelivery, EventLog
from conversation_service.store.keyspace.keys import DeploymentKeys, Keys
from conversation_service.store.keyspace.timestamps import span_ms, to_ms
from conversation_service.store.outbox.outbox import LeaseLost, Outbox
from conversation_service.store.outbox.settlement import Settlement, StatusUpdate
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
    pool_storage,
    route,
)

KEYS = Keys("main")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)
KEPT = timedelta(days=10)


# A pool that does not exist yet is as good as any for what is about a script alone.
UNBORN = replace(POOL, version="")


@pytest.fixture
def store(redis: Redis) -> ConversationRepository:
    return ConversationRepository(pool_storage(redis))


@pytest.fixture
def journal(redis: Redis) -> EventLog:
    return EventLog(pool_storage(redis))


@pytest.fixture
def outbox(redis: Redis) -> Outbox:
    return Outbox(pool_storage(redis), redis)


async def commit(
    store: ConversationRepository, name: str, change: Change, kind: str = "call"
) -> None:
    [outcome] = await store.commit([Commit(IdempotencyKey(kind, name, ()), change, NOW, UNBORN)])
    assert outcome == Committed()


async def owe(
    store: ConversationRepository, *bodies: str, name: str = "m", conversation_id: str = ""
) -> None:
    texts = tuple(
        OutboundMessage(f"{name}-{at}", conversation_id, MASKED, ALICE, body)
        for at, body in enumerate(bodies)
    )
    events = (Event(EventType.MESSAGE_RELAYED, conversation_id),) if conversation_id else ()
    await commit(store, name, Change(texts=texts, events=events), "text")


async def test_scripts_that_redis_forgot_are_loaded_again(
    redis: Redis, store: ConversationRepository
) -> None:
    await owe(store, "one", name="first")
    await redis.script_flush()
    await owe(store, "two", name="second")
    await redis.script_flush()
    key = IdempotencyKey("text", "first", ())
    loaded = await store.load([(key, ReadSet())], UNBORN, NOW)
    assert loaded.duplicates != [None]


async def test_a_lease_is_held_by_one_and_renewed_by_it(outbox: Outbox) -> None:
    first = await outbox.acquire_lease("", LEASE)
    assert first == "1"
    assert await outbox.acquire_lease("", LEASE) is None
    assert await outbox.acquire_lease(first, LEASE) == first


async def test_a_lease_that_ran_out_is_taken_with_a_higher_token(
    redis: Redis, outbox: Outbox
) -> None:
    first = await outbox.acquire_lease("", LEASE)
    await redis.delete(KEYS.lease)
    assert await outbox.acquire_lease("", LEASE) == "2"
    assert await outbox.acquire_lease(first or "", LEASE) is None


async def test_a_lease_runs_out_by_itself(redis: Redis, outbox: Outbox) -> None:
    await outbox.acquire_lease("", LEASE)
    assert 0 < await redis.pttl(KEYS.lease) <= LEASE // timedelta(milliseconds=1)


async def test_a_lease_is_given_back_by_its_holder_only(redis: Redis, outbox: Outbox) -> None:
    token = await outbox.acquire_lease("", LEASE)
    await outbox.release_lease("another")
    assert await redis.exists(KEYS.lease)
    await outbox.release_lease(token or "")
    assert not await redis.exists(KEYS.lease)


async def test_settled_texts_move_forward_and_leave_the_outbox(
    redis: Redis, store: ConversationRepository, outbox: Outbox
) -> None:
    await owe(store, "one", "two", "three")
    token = await outbox.acquire_lease("", LEASE) or ""
    await outbox.prepare()
    first, second, third = await outbox.read_new(10, None)
    await outbox.settle(token, [Settlement(second.entry_id, "m-1", MessageState.SENT)], NOW)
    assert await redis.xlen(KEYS.outbox) == 2, "no words wait for those before them"
    rest = [
        Settlement(first.entry_id, "m-0", MessageState.REFUSED),
        Settlement(third.entry_id, "m-2", MessageState.UNKNOWN),
    ]
    await outbox.settle(token, rest, NOW)
    assert await redis.xlen(KEYS.outbox) == 0
    states = [await outbox.state(f"m-{number}") for number in range(3)]
    assert states == [MessageState.REFUSED, MessageState.SENT, MessageState.UNKNOWN]


async def test_nothing_is_settled_under_a_lost_lease(
    redis: Redis, store: ConversationRepository, outbox: Outbox
) -> None:
    await owe(store, "one")
    token = await outbox.acquire_lease("", LEASE) or ""
    await outbox.prepare()
    [text] = await outbox.read_new(10, None)
    await redis.set(KEYS.lease, "someone else's")
    with pytest.raises(LeaseLost):
        await outbox.settle(token, [Settlement(text.entry_id, "m-0", MessageState.SENT)], NOW)
    assert await redis.xlen(KEYS.outbox) == 1
    assert await outbox.state("m-0") is MessageState.ACCEPTED


async def test_settling_never_passes_a_text_that_nobody_has_read(
    redis: Redis, store: ConversationRepository, outbox: Outbox
) -> None:
    await owe(store, "one", "two")
    token = await outbox.acquire_lease("", LEASE) or ""
    await outbox.prepare()
    [text] = await outbox.read_new(1, None)
    await outbox.settle(token, [Settlement(text.entry_id, "m-0", MessageState.SENT)], NOW)
    assert [one.message_id for one in await outbox.read_new(10, None)] == ["m-1"]


async def test_news_move_a_message_forward_and_never_back(
    store: ConversationRepository, outbox: Outbox
) -> None:
    await owe(store, "one")
    for told, known in [
        (MessageState.SENT, MessageState.SENT),
        (MessageState.UNKNOWN, MessageState.SENT),
        (MessageState.DELIVERED, MessageState.DELIVERED),
        (MessageState.UNDELIVERED, MessageState.DELIVERED),
    ]:
        assert await outbox.advance([StatusUpdate("m-0", told)], NOW) == [ALICE.person_id]
        assert await outbox.state("m-0") is known


async def test_news_of_a_forgotten_message_make_nothing(redis: Redis, outbox: Outbox) -> None:
    assert await outbox.advance([StatusUpdate("m-9", MessageState.SENT)], NOW) == [""]
    assert await redis.keys("*") == []


async def test_what_was_read_and_not_settled_is_found_again_in_order(
    store: ConversationRepository, outbox: Outbox
) -> None:
    await owe(store, "one", "two", "three")
    await outbox.prepare()
    read = await outbox.read_new(10, None)
    assert await outbox.read_pending("0", 2) == read[:2]
    assert await outbox.read_pending(read[1].entry_id, 2) == read[2:]


async def test_preparing_twice_loses_nothing(store: ConversationRepository, outbox: Outbox) -> None:
    await owe(store, "before the group was there")
    await outbox.prepare()
    await outbox.prepare()
    assert len(await outbox.read_new(10, None)) == 1


async def test_what_happened_to_a_text_is_told_once_and_in_order(
    store: ConversationRepository, outbox: Outbox, journal: EventLog
) -> None:
    await owe(store, "one", "two", conversation_id="c")
    token = await outbox.acquire_lease("", LEASE) or ""
    await outbox.prepare()
    first, second = await outbox.read_new(10, None)
    settled = [
        Settlement(first.entry_id, "m-0", MessageState.SENT),
        Settlement(second.entry_id, "m-1", MessageState.REFUSED, Rule.OPTED_OUT),
    ]
    await outbox.settle(token, settled, NOW)
    for _ in range(2):
        await outbox.advance([StatusUpdate("m-0", MessageState.DELIVERED)], NOW)
    told = [one.event for one in await journal.timeline("c", 0, 10)]
    assert told == [
        Event(EventType.MESSAGE_RELAYED, "c"),
        Event(EventType.MESSAGE_SENT, "c", message_id="m-0"),
        Event(EventType.MESSAGE_REFUSED, "c", message_id="m-1", detail="OPTED_OUT"),
        Event(EventType.MESSAGE_DELIVERED, "c", message_id="m-0"),
    ]
    assert [one.event for one in await journal.after("0-0", 10)] == told


async def test_a_text_outside_of_any_conversation_tells_nothing(
    redis: Redis, store: ConversationRepository, outbox: Outbox
) -> None:
    await owe(store, "one")
    await outbox.advance([StatusUpdate("m-0", MessageState.SENT)], NOW)
    assert await redis.exists(KEYS.events) == 0


async def test_news_after_a_timeline_is_forgotten_make_no_new_one(
    redis: Redis, store: ConversationRepository, outbox: Outbox
) -> None:
    await owe(store, "one", conversation_id="c")
    await redis.delete(KEYS.timeline("c"))
    await outbox.advance([StatusUpdate("m-0", MessageState.SENT)], NOW)
    assert await redis.exists(KEYS.timeline("c")) == 0


async def test_repetitions_are_told_of_a_few_times_only(
    redis: Redis, store: ConversationRepository, journal: EventLog
) -> None:
    await owe(store, "one", conversation_id="c")
    again = DuplicateDelivery(IdempotencyKey("text", "m", ()), "c", ALICE.participant_id)
    for _ in range(DUPLICATES_RECORDED + 3):
        await journal.record_duplicates([again], NOW, KEPT)
    told = [one.event for one in await journal.timeline("c", 0, 50)]
    assert (
        told[1:]
        == [Event(EventType.MESSAGE_REPEATED, "c", ALICE.participant_id)] * DUPLICATES_RECORDED
    )
    [counter] = [key async for key in redis.scan_iter("*duplicates:*")]
    assert 0 < await redis.pttl(counter) <= span_ms(KEPT)


async def test_old_events_are_forgotten_and_cursors_before_them_are_known(
    redis: Redis, journal: EventLog
) -> None:
    then = NOW - KEPT - timedelta(seconds=1)
    for at in (then, NOW):
        fields: dict[FieldT, EncodableT] = {"type": "POOL_UPDATED", "at": to_ms(at)}
        fields |= dict.fromkeys(("conversation", "participant", "message", "detail"), "")
        await redis.xadd(KEYS.events, fields, id=f"{to_ms(at)}-0")
    assert await journal.trimmed_through() == "0-0"
    await journal.trim(NOW, KEPT)
    assert [one.time for one in await journal.after("0-0", 10)] == [NOW]
    assert await journal.trimmed_through() == f"{to_ms(then)}-0"
    await journal.trim(NOW + timedelta(seconds=1), KEPT)
    assert await journal.trimmed_through() == f"{to_ms(then)}-0", "nothing more was forgotten"


async def test_a_timeline_keeps_its_end(
    redis: Redis, store: ConversationRepository, journal: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conversation_service.store.conversations.commit.TIMELINE_LENGTH", 3)
    events = tuple(Event(EventType.MESSAGE_HELD, "c", detail=str(at)) for at in range(5))
    await commit(store, "r", Change(events=events))
    assert [one.event.detail for one in await journal.timeline("c", 0, 9)] == ["2", "3", "4"]


async def test_numbers_are_claimed_all_or_none_and_given_up_by_their_owner_only(
    redis: Redis,
) -> None:
    registry = PoolIndex(Storage(redis, CIPHER))
    assert await registry.claim_numbers("main", [MASKED])
    assert not await registry.claim_numbers("other", [OTHER_MASKED, MASKED])
    assert await registry.owner(OTHER_MASKED) is None
    assert await registry.claim_numbers("main", [MASKED, OTHER_MASKED])
    await registry.release_number("other", MASKED)
    assert await registry.owner(MASKED) == "main"
    await registry.release_number("main", MASKED)
    assert await registry.owner(MASKED) is None
    assert MASKED.encode() not in repr(await redis.hgetall(DeploymentKeys().numbers)).encode()


async def test_what_can_be_forgotten_expires_and_what_is_live_does_not(
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


async def test_a_record_that_expired_by_itself_is_not_due_for_ever(
    redis: Redis, store: ConversationRepository
) -> None:
    waiting = started(Snapshot(POOL, NOW, "c1", "K7M2Q9"), route(ALICE))
    await commit(store, "1", Change(None, waiting))
    await redis.delete(KEYS.conversation("c1"))
    assert await store.due(waiting.due_time, 10) == []
    assert await redis.zcard(KEYS.deadlines) == 0
    assert await redis.zcard(KEYS.conversations) == 0


async def test_a_copy_of_redis_shows_no_number_no_words_and_no_code(
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
        receipt = IdempotencyKey("start", f"{ALICE_NUMBER} {at}", (ALICE_NUMBER, "a secret word"))
        assert await store.commit([Commit(receipt, change, clock.now(), UNBORN)]) == [Committed()]
        copy = b"".join([await everything(redis, key) for key in await keys(redis)])
        for hidden in (ALICE_NUMBER, BOB_NUMBER, MASKED, "secret", "K7M2Q9"):
            assert hidden.removeprefix("+").encode() not in copy


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


async def test_no_repetition_is_told_of_in_a_conversation_that_is_kept_no_longer(
    redis: Redis, journal: EventLog
) -> None:
    again = DuplicateDelivery(IdempotencyKey("text", "m", ()), "c", ALICE.participant_id)
    await journal.record_duplicates([again], NOW, KEPT)
    assert await redis.exists(KEYS.events, KEYS.timeline("c")) == 0
