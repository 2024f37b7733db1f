"""Each script does what its header says, and Redis is left as it should be."""

from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from conversation_service.domain.change import Change, OutboundText, Silence
from conversation_service.domain.conversation import EndReason
from conversation_service.domain.facts import Facts, Lookup
from conversation_service.domain.intents import Receipt
from conversation_service.domain.message import MessageState
from conversation_service.domain.transitions import ended, joined, opened
from conversation_service.store.keys import Keys
from conversation_service.store.outbox import LeaseLost, Outbox, Settlement
from conversation_service.store.redis_store import RedisStore
from conversation_service.store.store import Commit, Done
from support.clock import ManualClock
from support.conversations import ALICE, ALICE_NUMBER, BOB, BOB_NUMBER, MASKED, POOL, VAULT, line

KEYS = Keys("main")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)


@pytest.fixture
def store(redis: Redis) -> RedisStore:
    return RedisStore(redis, "main", VAULT)


@pytest.fixture
def outbox(redis: Redis) -> Outbox:
    return Outbox(redis, redis, "main", VAULT)


async def owe(store: RedisStore, *bodies: str, name: str = "m") -> None:
    texts = tuple(
        OutboundText(f"{name}-{at}", "", MASKED, ALICE_NUMBER, body)
        for at, body in enumerate(bodies)
    )
    commit = Commit(Receipt("text", name, ()), Change(texts=texts), NOW)
    assert await store.commit([commit]) == [Done()]


async def test_scripts_that_redis_forgot_are_loaded_again(redis: Redis, store: RedisStore) -> None:
    await owe(store, "one", name="first")
    await redis.script_flush()
    await owe(store, "two", name="second")
    await redis.script_flush()
    loaded = await store.load([(Receipt("text", "first", ()), Lookup())])
    assert loaded[0].earlier is not None


async def test_a_lease_is_held_by_one_and_renewed_by_it(outbox: Outbox) -> None:
    first = await outbox.take_lease("", LEASE)
    assert first == "1"
    assert await outbox.take_lease("", LEASE) is None
    assert await outbox.take_lease(first, LEASE) == first


async def test_a_lease_that_ran_out_is_taken_with_a_higher_token(
    redis: Redis, outbox: Outbox
) -> None:
    first = await outbox.take_lease("", LEASE)
    await redis.delete(KEYS.lease)
    assert await outbox.take_lease("", LEASE) == "2"
    assert await outbox.take_lease(first or "", LEASE) is None


async def test_a_lease_runs_out_by_itself(redis: Redis, outbox: Outbox) -> None:
    await outbox.take_lease("", LEASE)
    assert 0 < await redis.pttl(KEYS.lease) <= LEASE // timedelta(milliseconds=1)


async def test_a_lease_is_given_back_by_its_holder_only(redis: Redis, outbox: Outbox) -> None:
    token = await outbox.take_lease("", LEASE)
    await outbox.release_lease("another")
    assert await redis.exists(KEYS.lease)
    await outbox.release_lease(token or "")
    assert not await redis.exists(KEYS.lease)


async def test_settled_texts_move_forward_and_leave_the_outbox(
    redis: Redis, store: RedisStore, outbox: Outbox
) -> None:
    await owe(store, "one", "two", "three")
    token = await outbox.take_lease("", LEASE) or ""
    await outbox.prepare()
    first, second, third = await outbox.read_new(10, None)
    await outbox.settle(token, [Settlement(second.entry_id, "m-1", MessageState.SENT)], NOW)
    assert await redis.xlen(KEYS.outbox) == 3, "what is behind an owed text stays, trimmed later"
    rest = [
        Settlement(first.entry_id, "m-0", MessageState.REFUSED),
        Settlement(third.entry_id, "m-2", MessageState.UNKNOWN),
    ]
    await outbox.settle(token, rest, NOW)
    assert await redis.xlen(KEYS.outbox) == 0
    states = [await outbox.state(f"m-{number}") for number in range(3)]
    assert states == [MessageState.REFUSED, MessageState.SENT, MessageState.UNKNOWN]


async def test_nothing_is_settled_under_a_lost_lease(
    redis: Redis, store: RedisStore, outbox: Outbox
) -> None:
    await owe(store, "one")
    token = await outbox.take_lease("", LEASE) or ""
    await outbox.prepare()
    [text] = await outbox.read_new(10, None)
    await redis.set(KEYS.lease, "someone else's")
    with pytest.raises(LeaseLost):
        await outbox.settle(token, [Settlement(text.entry_id, "m-0", MessageState.SENT)], NOW)
    assert await redis.xlen(KEYS.outbox) == 1
    assert await outbox.state("m-0") is MessageState.ACCEPTED


async def test_trimming_never_passes_a_text_that_nobody_has_read(
    redis: Redis, store: RedisStore, outbox: Outbox
) -> None:
    await owe(store, "one", "two")
    token = await outbox.take_lease("", LEASE) or ""
    await outbox.prepare()
    [text] = await outbox.read_new(1, None)
    await outbox.settle(token, [Settlement(text.entry_id, "m-0", MessageState.SENT)], NOW)
    assert [one.envelope.body for one in await outbox.read_new(10, None)] == ["two"]


async def test_news_move_a_message_forward_and_never_back(
    store: RedisStore, outbox: Outbox
) -> None:
    await owe(store, "one")
    for told, known in [
        (MessageState.SENT, MessageState.SENT),
        (MessageState.UNKNOWN, MessageState.SENT),
        (MessageState.DELIVERED, MessageState.DELIVERED),
        (MessageState.UNDELIVERED, MessageState.DELIVERED),
    ]:
        await outbox.advance([("m-0", told)], NOW)
        assert await outbox.state("m-0") is known


async def test_news_of_a_forgotten_message_make_nothing(redis: Redis, outbox: Outbox) -> None:
    await outbox.advance([("m-9", MessageState.SENT)], NOW)
    assert await redis.keys("*") == []


async def test_what_was_read_and_not_settled_is_found_again_in_order(
    store: RedisStore, outbox: Outbox
) -> None:
    await owe(store, "one", "two", "three")
    await outbox.prepare()
    read = await outbox.read_new(10, None)
    assert await outbox.read_unsettled("0", 2) == read[:2]
    assert await outbox.read_unsettled(read[1].entry_id, 2) == read[2:]


async def test_preparing_twice_loses_nothing(store: RedisStore, outbox: Outbox) -> None:
    await owe(store, "before the group was there")
    await outbox.prepare()
    await outbox.prepare()
    assert len(await outbox.read_new(10, None)) == 1


async def test_what_can_be_forgotten_expires_and_what_is_live_does_not(
    redis: Redis, store: RedisStore, clock: ManualClock
) -> None:
    now = clock.now()
    facts = Facts(POOL, now, "c1", "K7M2Q9", {})
    waiting = opened(facts, line(ALICE))
    active = joined(Facts(POOL, now, "c2", "", {}), waiting, BOB)
    over = ended(Facts(POOL, now, "c3", "", {}), active, EndReason.OPERATOR_ENDED)
    silence = Silence(line(BOB), timedelta(minutes=1))
    text = facts.texts(waiting, (ALICE, "hello"))
    await store.commit([Commit(Receipt("a", "1", ()), Change(None, waiting, text, silence), now)])
    lasting = {KEYS.outbox, KEYS.deadlines, KEYS.conversations, KEYS.conversation("c1")}
    lasting.add(KEYS.route(VAULT.blind("line", MASKED, ALICE_NUMBER)))
    assert await keys_without_expiry(redis) == lasting
    for at, change in enumerate([Change(waiting, active), Change(active, over)]):
        await store.commit([Commit(Receipt("b", str(at), ()), change, now)])
    assert await keys_without_expiry(redis) == {KEYS.outbox, KEYS.deadlines, KEYS.conversations}


async def test_a_record_that_expired_by_itself_is_not_due_for_ever(
    redis: Redis, store: RedisStore, clock: ManualClock
) -> None:
    waiting = opened(Facts(POOL, clock.now(), "c1", "K7M2Q9", {}), line(ALICE))
    await store.commit([Commit(Receipt("a", "1", ()), Change(None, waiting), clock.now())])
    await redis.delete(KEYS.conversation("c1"))
    assert await store.due(waiting.due_time, 10) == []
    assert await redis.zcard(KEYS.deadlines) == 0
    assert await redis.zcard(KEYS.conversations) == 0


async def test_a_copy_of_redis_shows_no_number_no_words_and_no_code(
    redis: Redis, store: RedisStore, clock: ManualClock
) -> None:
    facts = Facts(POOL, clock.now(), "c1", "K7M2Q9", {})
    waiting = opened(facts, line(ALICE))
    active = joined(Facts(POOL, clock.now(), "c2", "", {}), waiting, BOB)
    texts = facts.texts(waiting, (ALICE, "a secret word"))
    for at, change in enumerate([Change(None, waiting, texts), Change(waiting, active)]):
        receipt = Receipt("start", f"{ALICE_NUMBER} {at}", (ALICE_NUMBER, "a secret word"))
        await store.commit([Commit(receipt, change, clock.now())])
    copy = b"".join([await everything(redis, key) for key in await keys(redis)])
    for hidden in (ALICE_NUMBER, BOB_NUMBER, MASKED, "secret", "K7M2Q9"):
        assert hidden.removeprefix("+").encode() not in copy


async def everything(redis: Redis, key: bytes) -> bytes:
    match await redis.type(key):
        case b"hash":
            return key + repr(await redis.hgetall(key)).encode()
        case b"stream":
            return key + repr(await redis.xrange(key)).encode()
        case b"zset":
            return key + repr(await redis.zrange(key, 0, -1, withscores=True)).encode()
        case _:
            return key + repr(await redis.get(key)).encode()


async def keys_without_expiry(redis: Redis) -> set[str]:
    return {key.decode() for key in await keys(redis) if await redis.pttl(key) == -1}


async def keys(redis: Redis) -> list[bytes]:
    return [key for key in await redis.keys("*") if isinstance(key, bytes)]
