"""The blind-index key: created once per deployment, never lost silently."""

import asyncio

import pytest
from redis.asyncio import Redis

from conversation_service.store.deployment.pool_index import PoolIndex
from conversation_service.store.encryption.blind_index_key import (
    NO_BLIND_INDEX_KEY,
    WRONG_KEY,
    BlindIndexKeyStore,
    StateKeyMismatch,
)
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.deployment_keys import DeploymentKeys
from conversation_service.store.storage import Storage
from support.builders.conversations import POOL

OLD, NEW = "the key of last year", "the key of this year"
RECORD = DeploymentKeys().blind_index_key


async def ready(redis: Redis, secret: str, *former: str) -> Cipher:
    cipher = Cipher(secret, former)
    await BlindIndexKeyStore(redis, cipher).load()
    return cipher


async def refusal(redis: Redis, secret: str, *former: str) -> str:
    before = await redis.get(RECORD)
    with pytest.raises(StateKeyMismatch) as refused:
        await ready(redis, secret, *former)
    assert await redis.get(RECORD) == before
    assert secret not in str(refused.value)
    return str(refused.value)


async def test_each_deployment_creates_a_key_that_all_its_replicas_have(redis: Redis) -> None:
    ciphers = await asyncio.gather(*(ready(redis, NEW) for _ in range(8)))
    [index] = {cipher.blind_index("person", "x") for cipher in ciphers}
    assert index == (await ready(redis, NEW)).blind_index("person", "x")
    await redis.flushall()
    assert index != (await ready(redis, NEW)).blind_index("person", "x")


async def test_the_key_is_stored_encrypted_under_the_state_key_and_never_expires(
    redis: Redis,
) -> None:
    cipher = await ready(redis, OLD)
    stored = await redis.get(RECORD)
    assert isinstance(stored, bytes)
    same = Cipher(OLD, blind_index_key=cipher.decrypt(stored, RECORD))
    assert same.blind_index("x") == cipher.blind_index("x")
    assert await redis.ttl(RECORD) == -1


async def test_a_former_state_key_decrypts_it_and_an_unknown_one_is_refused(redis: Redis) -> None:
    index = (await ready(redis, OLD)).blind_index("x")
    assert (await ready(redis, NEW, OLD)).blind_index("x") == index
    assert await refusal(redis, NEW) == WRONG_KEY


async def test_pools_without_a_blind_index_key_are_refused(redis: Redis) -> None:
    cipher = await ready(redis, NEW)
    await PoolIndex(Storage(redis, cipher)).add(POOL.name)
    await redis.delete(RECORD)
    assert await refusal(redis, NEW) == NO_BLIND_INDEX_KEY


async def test_nothing_is_read_for_a_cipher_that_is_ready(redis: Redis) -> None:
    cipher = Cipher(NEW, blind_index_key=b"k")
    await BlindIndexKeyStore(redis, cipher).load()
    assert cipher.blind_index("x") == Cipher(NEW, blind_index_key=b"k").blind_index("x")
    assert await redis.dbsize() == 0


async def test_a_replica_that_lost_the_race_to_create_it_takes_the_stored_key(redis: Redis) -> None:
    earlier = Cipher(NEW)

    class Late(BlindIndexKeyStore):
        async def _create(self) -> bytes:
            await BlindIndexKeyStore(redis, earlier).load()
            return await super()._create()

    late = Cipher(NEW)
    await Late(redis, late).load()
    assert late.blind_index("x") == earlier.blind_index("x")
    assert late.blind_index("x") == (await ready(redis, NEW)).blind_index("x")
