"""A rotation re-encrypts everything under the current key, loses nothing, and counts the rest."""

from collections.abc import Awaitable, Callable
from typing import cast

import pytest
from redis.asyncio import Redis

from conversation_service.store.encryption.blind_index_key import StateKeyMismatch
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.encryption.key_ring import Key
from conversation_service.store.keyspace.deployment_keys import DeploymentKeys
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.rotation import rotation as rotations
from conversation_service.store.rotation.encrypted_records import Entry
from conversation_service.store.rotation.rotation import Rotation, RotationStep
from support.builders.conversations import POOL

from .encrypted_state import LIVE, EncryptedState, replica

KEYS = Keys(POOL.name)
OLD, NEW = "the key of last year", "the key of this year"
OLD_ID, NEW_ID = Key(OLD).key_id, Key(NEW).key_id
BODIES = ["held", "held too", "waiting", "last", "dead", "dead too"]
# Blind-index key, settings, two conversations, a stored response, the data key of the ended one,
# two dead letters, an outbox entry, who is being erased. Held and last messages are under data
# keys.
RECORDS = 10


async def rotated(rotation: Rotation) -> RotationStep:
    return await summed(rotation.run_once)


async def summed(step_from: Callable[[str], Awaitable[RotationStep]]) -> RotationStep:
    """All steps in one."""
    records, reencrypted, unreadable, cursor = {OLD_ID: 0, NEW_ID: 0}, 0, 0, ""
    while True:
        step = await step_from(cursor)
        for key_id, number in step.records.items():
            records[key_id] += number
        reencrypted, unreadable = reencrypted + step.reencrypted, unreadable + step.unreadable
        cursor = step.next_cursor
        if not cursor:
            return RotationStep(records, reencrypted, unreadable, "")


async def dead_letter_ids(state: EncryptedState) -> list[str]:
    return [letter.dead_letter_id for letter in await state.dead_letters.page(10, "")]


async def dump(redis: Redis) -> dict[bytes, object]:
    return {key: await redis.dump(key) for key in cast("list[bytes]", await redis.keys())}


@pytest.fixture
async def old(redis: Redis) -> EncryptedState:
    state = await replica(redis, OLD)
    await state.fill()
    return state


async def test_everything_is_reencrypted_under_the_current_key_and_reads_the_same(
    redis: Redis, old: EncryptedState
) -> None:
    both = await replica(redis, NEW, OLD)
    ids = await dead_letter_ids(both)
    numbers = await redis.hgetall(DeploymentKeys().numbers)
    step = await rotated(both.rotation)
    assert step == RotationStep({NEW_ID: RECORDS - 1, OLD_ID: 1}, RECORDS - 1, 0, "")
    assert await both.bodies() == BODIES
    # The outbox is not rotated, as it empties itself: here into the dead letters, which are.
    await both.dead_letter_all()
    assert await rotated(both.rotation) == RotationStep({NEW_ID: RECORDS + 1, OLD_ID: 0}, 1, 0, "")
    new = await replica(redis, NEW)
    assert await new.bodies() == ["held", "held too", "dead", "dead too", "waiting", "last"]
    assert (await dead_letter_ids(new))[:2] == ids
    assert await redis.hgetall(DeploymentKeys().numbers) == numbers
    assert await new.store.pool() == POOL
    assert (new.alice, new.bob) == (old.alice, old.bob)
    assert await new.is_being_erased() == old.alice.person_id


async def test_a_former_key_is_needed_until_everything_is_under_the_current_one(
    redis: Redis, old: EncryptedState
) -> None:
    both = await replica(redis, NEW, OLD)
    with pytest.raises(StateKeyMismatch):
        await replica(redis, NEW)
    await rotated(both.rotation)
    assert "waiting" not in await (await replica(redis, NEW)).bodies()
    assert "waiting" in await both.bodies()


async def test_a_rotation_that_is_repeated_changes_nothing(
    redis: Redis, old: EncryptedState
) -> None:
    both = await replica(redis, NEW, OLD)
    await rotated(both.rotation)
    before = await dump(redis)
    assert (await rotated(both.rotation)).reencrypted == 0
    assert await dump(redis) == before


async def test_counting_changes_nothing(redis: Redis, old: EncryptedState) -> None:
    before = await dump(redis)
    both = await replica(redis, NEW, OLD)
    step = await summed(both.rotation.count)
    assert step == RotationStep({NEW_ID: 0, OLD_ID: RECORDS}, 0, 0, "")
    assert await dump(redis) == before


async def test_it_goes_step_by_step_and_any_replica_may_take_the_next_one(
    redis: Redis, old: EncryptedState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotations, "KEYS_PER_STEP", 1)
    replicas = [await replica(redis, NEW, OLD) for _ in range(2)]
    reencrypted, cursor, steps = 0, "", 0
    while steps == 0 or cursor:
        step = await replicas[steps % 2].rotation.run_once(cursor)
        reencrypted, cursor, steps = reencrypted + step.reencrypted, step.next_cursor, steps + 1
    assert steps > 2
    assert reencrypted == RECORDS - 1


async def test_a_record_that_changed_since_it_was_read_is_skipped(
    redis: Redis, old: EncryptedState, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, key = await replica(redis, NEW, OLD), KEYS.conversation(LIVE)
    reencrypt = Rotation._reencrypt

    async def late(rotation: Rotation, records: object) -> object:
        await redis.set(key, "another etag\nwhatever")
        # Whatever the product passes on is passed on.
        return await reencrypt(rotation, records)  # type: ignore[arg-type]

    monkeypatch.setattr(Rotation, "_reencrypt", late)
    step = await rotated(both.rotation)
    assert await redis.get(key) == b"another etag\nwhatever"
    assert step.reencrypted == RECORDS - 2


async def test_an_unreadable_value_is_counted_and_left_as_it_is(
    redis: Redis, old: EncryptedState
) -> None:
    damaged = Key(OLD).prefix + bytes(40)
    await redis.rpush(KEYS.held("c2"), damaged)
    await redis.xadd(KEYS.dead, {"message": "m", "at": "1", "text": damaged})
    both = await replica(redis, NEW, OLD)
    step = await rotated(both.rotation)
    assert step.unreadable == 2
    assert step.reencrypted == RECORDS - 1
    assert await redis.lrange(KEYS.held("c2"), 0, -1) == [damaged]
    [(_, letter)] = cast("list[Entry]", await redis.xrevrange(KEYS.dead, count=1))
    assert letter[b"text"] == damaged


async def test_foreign_keys_in_the_same_redis_are_not_touched(
    redis: Redis, old: EncryptedState
) -> None:
    await redis.set("maskline:v1:messaging:{x}:held", Cipher(OLD).encrypt(b"x", "x"))
    await redis.set("settings", Cipher(OLD).encrypt(b"x", "settings"))
    step = await rotated((await replica(redis, NEW, OLD)).rotation)
    assert step.reencrypted == RECORDS - 1


async def test_too_many_dead_letters_stay_as_they_are_and_are_counted(
    redis: Redis, old: EncryptedState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotations, "MAX_DEAD_LETTERS", 1)
    both = await replica(redis, NEW, OLD)
    assert (await rotated(both.rotation)).records[OLD_ID] == 3
    assert await both.bodies() == BODIES
