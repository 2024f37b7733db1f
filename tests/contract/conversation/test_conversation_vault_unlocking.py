"""The key that names are hashed under: made once per deployment, lost never silently."""

import asyncio
from dataclasses import replace

import pytest
from redis.asyncio import Redis
from unit.conversation.test_conversation_vault_keys import NEW, OLD, first_form

from conversation_service.store.deployment.pool_index import PoolIndex
from conversation_service.store.encryption.blind_index_key import (
    NO_BLINDING_KEY,
    WRONG_KEY,
    BlindIndexKeyStore,
    StateKeyMismatch,
)
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.encryption.key_ring import Key
from conversation_service.store.keyspace.keys import DeploymentKeys, Keys
from conversation_service.store.records.encrypted import RecordCipher
from conversation_service.store.records.pool import encode_pool
from support.conversations import POOL

KEYS = Keys(POOL.name)
RECORD = DeploymentKeys().blinding_key


async def unlocked(redis: Redis, secret: str, *former: str) -> Cipher:
    vault = Cipher(secret, former, is_locked=True)
    await BlindIndexKeyStore(redis, vault).unlock()
    return vault


async def earlier_deployment(redis: Redis, secret: str) -> None:
    """As it was left while there was one key and names were hashed under a part of it."""
    settings = first_form(secret, encode_pool(POOL), KEYS.settings)
    await redis.set(KEYS.settings, b"v\n" + settings)
    await PoolIndex(redis, Cipher(secret)).enter(POOL.name)


async def refusal(redis: Redis, secret: str, *former: str) -> str:
    before = await redis.get(RECORD)
    with pytest.raises(StateKeyMismatch) as refused:
        await unlocked(redis, secret, *former)
    assert await redis.get(RECORD) == before
    assert secret not in str(refused.value)
    return str(refused.value)


async def test_a_new_deployment_draws_a_key_that_no_secret_gives_and_all_replicas_have_it(
    redis: Redis,
) -> None:
    vaults = await asyncio.gather(*(unlocked(redis, NEW) for _ in range(8)))
    names = {vault.blind("person", "x") for vault in vaults}
    assert len(names) == 1
    assert names != {Cipher(NEW).blind("person", "x")}
    assert names == {(await unlocked(redis, NEW)).blind("person", "x")}


async def test_another_deployment_draws_another_key(redis: Redis) -> None:
    first = (await unlocked(redis, NEW)).blind("x")
    await redis.flushall()
    assert (await unlocked(redis, NEW)).blind("x") != first


async def test_an_earlier_deployment_keeps_its_names(redis: Redis) -> None:
    await earlier_deployment(redis, OLD)
    assert (await unlocked(redis, OLD)).blind("x") == Cipher(OLD).blind("x")


async def test_an_earlier_deployment_keeps_its_names_when_its_key_is_a_former_one_by_now(
    redis: Redis,
) -> None:
    await earlier_deployment(redis, OLD)
    assert (await unlocked(redis, NEW, OLD)).blind("x") == Cipher(OLD).blind("x")


async def test_the_key_lies_in_redis_wrapped_only(redis: Redis) -> None:
    await earlier_deployment(redis, OLD)
    await unlocked(redis, OLD)
    stored = await redis.get(RECORD)
    assert isinstance(stored, bytes)
    assert Key(OLD).blinding_key not in stored
    assert await redis.ttl(RECORD) == -1


async def test_a_former_key_opens_it_and_an_unknown_one_is_refused(redis: Redis) -> None:
    name = (await unlocked(redis, OLD)).blind("x")
    assert (await unlocked(redis, NEW, OLD)).blind("x") == name
    assert await refusal(redis, NEW) == WRONG_KEY


async def test_an_earlier_deployment_with_another_key_is_refused_before_anything_is_written(
    redis: Redis,
) -> None:
    await earlier_deployment(redis, OLD)
    assert await refusal(redis, NEW) == WRONG_KEY
    assert await redis.exists(RECORD) == 0


async def test_pools_without_the_key_of_their_names_are_refused(redis: Redis) -> None:
    vault = await unlocked(redis, NEW)
    await redis.set(KEYS.settings, RecordCipher(KEYS, vault).pool(replace(POOL, version="v")))
    await PoolIndex(redis, vault).enter(POOL.name)
    await redis.delete(RECORD)
    assert await refusal(redis, NEW) == NO_BLINDING_KEY


async def test_a_vault_that_is_not_locked_asks_nothing(redis: Redis) -> None:
    vault = Cipher(NEW)
    await BlindIndexKeyStore(redis, vault).unlock()
    assert vault.blind("x") == Cipher(NEW).blind("x")
    assert await redis.dbsize() == 0


async def test_a_replica_that_was_a_moment_later_takes_the_key_that_is_there(redis: Redis) -> None:
    earlier: list[Cipher] = []

    class Late(BlindIndexKeyStore):
        async def _made(self, settings: tuple[str, bytes] | None) -> bytes:
            earlier.append(await unlocked(redis, NEW))
            return await super()._made(settings)

    late = Cipher(NEW, is_locked=True)
    await Late(redis, late).unlock()
    assert late.blind("x") == earlier[0].blind("x") == (await unlocked(redis, NEW)).blind("x")
