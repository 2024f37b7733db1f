"""reencrypt and reencrypt_dead_letters do what their headers say."""

from typing import cast

import pytest
from redis.asyncio import Redis

from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.rotation.encrypted_records import Entry
from runtime.redis.scripts import RedisScripts, Reply, raise_first_error

KEYS = Keys("main")
STRING, LIST = KEYS.settings, KEYS.held("c")


@pytest.fixture
def scripts(redis: Redis) -> RedisScripts:
    return RedisScripts(redis, "conversation_service.store")


async def reencrypt(scripts: RedisScripts, key: str, index: str, before: str, after: str) -> Reply:
    [reply] = raise_first_error(
        await scripts.run([scripts.call("reencrypt", (key,), (index, before, after))])
    )
    return reply


async def reencrypt_dead(scripts: RedisScripts, limit: int, *pairs: str) -> Reply:
    keys = (KEYS.dead, KEYS.dead_rewritten)
    [reply] = raise_first_error(
        await scripts.run([scripts.call("reencrypt_dead_letters", keys, (limit, *pairs))])
    )
    return reply


async def test_a_string_is_replaced_and_keeps_its_time_to_live(
    redis: Redis, scripts: RedisScripts
) -> None:
    await redis.set(STRING, "old", px=60_000)
    assert await reencrypt(scripts, STRING, "", "old", "new") == [b"done", b""]
    assert await redis.get(STRING) == b"new"
    assert 0 < await redis.pttl(STRING) <= 60_000
    await redis.persist(STRING)
    await reencrypt(scripts, STRING, "", "new", "newer")
    assert await redis.ttl(STRING) == -1


@pytest.mark.parametrize("stored", [None, "changed"])
async def test_a_string_that_was_changed_or_deleted_stays_as_it_is(
    redis: Redis, scripts: RedisScripts, stored: str | None
) -> None:
    if stored:
        await redis.set(STRING, stored)
    assert await reencrypt(scripts, STRING, "", "old", "new") == [b"changed", b""]
    assert await redis.get(STRING) == (stored.encode() if stored else None)


async def test_an_item_of_a_list_is_replaced_at_its_index(
    redis: Redis, scripts: RedisScripts
) -> None:
    await redis.rpush(LIST, "a", "old", "c")
    await redis.pexpire(LIST, 60_000)
    assert await reencrypt(scripts, LIST, "1", "old", "new") == [b"done", b""]
    assert await redis.lrange(LIST, 0, -1) == [b"a", b"new", b"c"]
    assert await redis.pttl(LIST) > 0


@pytest.mark.parametrize("index", ["0", "5"])
async def test_an_item_that_is_no_longer_at_its_index_stays_as_it_is(
    redis: Redis, scripts: RedisScripts, index: str
) -> None:
    await redis.rpush(LIST, "a", "old")
    assert await reencrypt(scripts, LIST, index, "old", "new") == [b"changed", b""]
    assert await redis.lrange(LIST, 0, -1) == [b"a", b"old"]


async def test_a_deleted_list_is_not_created_again(redis: Redis, scripts: RedisScripts) -> None:
    assert await reencrypt(scripts, LIST, "0", "old", "new") == [b"changed", b""]
    assert await redis.dbsize() == 0


async def test_dead_letters_keep_their_ids_their_order_and_all_but_their_texts(
    redis: Redis, scripts: RedisScripts
) -> None:
    for index in range(1, 4):
        await redis.xadd(KEYS.dead, {"text": f"old {index}", "reason": "INVALID"}, id=f"{index}-1")
    assert await reencrypt_dead(scripts, 3, "3-1", "new 3", "1-1", "new 1", "9-9", "gone") == [
        b"done",
        b"",
    ]
    assert await redis.xrange(KEYS.dead) == [
        (b"1-1", {b"text": b"new 1", b"reason": b"INVALID"}),
        (b"2-1", {b"text": b"old 2", b"reason": b"INVALID"}),
        (b"3-1", {b"text": b"new 3", b"reason": b"INVALID"}),
    ]
    assert await redis.exists(KEYS.dead_rewritten) == 0


async def test_too_many_dead_letters_stay_as_they_are(redis: Redis, scripts: RedisScripts) -> None:
    for index in range(1, 4):
        await redis.xadd(KEYS.dead, {"text": "old"}, id=f"{index}-1")
    assert await reencrypt_dead(scripts, 2, "1-1", "new") == [b"many", b""]
    letters = cast("list[Entry]", await redis.xrange(KEYS.dead))
    assert [fields[b"text"] for _, fields in letters] == [b"old"] * 3


async def test_the_rest_of_an_interrupted_rewrite_is_discarded(
    redis: Redis, scripts: RedisScripts
) -> None:
    await redis.xadd(KEYS.dead_rewritten, {"text": "rest"}, id="1-1")
    assert await reencrypt_dead(scripts, 9, "1-1", "new") == [b"done", b""]
    assert await redis.dbsize() == 0
