"""The benchmark's vault that seals nothing keeps every other promise of the product's own."""

import inspect
from collections.abc import Awaitable, Callable
from typing import cast

import pytest
from contract.conversation import test_conversation_store as store_suite
from contract.conversation import test_conversation_vault_unlocking as unlocking_suite
from cryptography.exceptions import InvalidTag
from redis.asyncio import Redis
from unit.conversation import test_conversation_vault_keys as vault_suite

from bench.systems.unsealed import ClearRing, ClearVault, no_secret
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import PoolStore
from conversation_service.store.encryption import conversation_keys as text_keys
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.encryption.key_ring import KeyRing, is_sealed
from support import sealed_state
from support.conversations import ALICE_NUMBER, BOB_NUMBER

SECRET = "a secret of these tests"
# Those of the product's tests whose promise has nothing to do with sealing.
UNLOCKING = (
    unlocking_suite.test_a_new_deployment_draws_a_key_that_no_secret_gives_and_all_replicas_have_it,
    unlocking_suite.test_another_deployment_draws_another_key,
    unlocking_suite.test_pools_without_the_key_of_their_names_are_refused,
    unlocking_suite.test_a_vault_that_is_not_locked_asks_nothing,
    unlocking_suite.test_a_replica_that_was_a_moment_later_takes_the_key_that_is_there,
)
Reader = Callable[[Redis, bytes], Awaitable[list[bytes]]]
WORDS = ["held", "held too", "owed", "last", "dead", "dead too"]


@pytest.fixture
def store(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> PoolStore:
    """In the place of the stores that the product's suite asks."""
    monkeypatch.setattr(text_keys, "drawn", no_secret)
    return ConversationRepository(redis, "main", ClearVault(SECRET))


# The store suite, asked of the store above.
desk = store_suite.desk
globals().update(
    {name: test for name, test in vars(store_suite).items() if name.startswith("test_")}
)


@pytest.mark.parametrize("promise", UNLOCKING, ids=lambda promise: promise.__name__)
async def test_it_is_unlocked_as_the_products_vault_is(
    redis: Redis, monkeypatch: pytest.MonkeyPatch, promise: Callable[[Redis], Awaitable[None]]
) -> None:
    monkeypatch.setattr(unlocking_suite, "Vault", ClearVault)
    await promise(redis)


def test_locked_it_hashes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault_suite, "Vault", ClearVault)
    vault_suite.test_a_locked_vault_hashes_nothing_and_says_that_it_may_later()


def test_it_hashes_to_the_same_names() -> None:
    assert ClearVault(SECRET).blind("person", "x") == Cipher(SECRET).blind("person", "x")


def test_it_says_which_key_it_is_and_opens_nothing_else() -> None:
    ring = ClearVault(SECRET).ring
    sealed = ring.seal(b"hello", "r")
    assert ring.resealed(sealed, "r") == sealed
    assert ring.key_of(sealed, "r") is ring.current
    assert is_sealed(sealed)
    for other in (b"", b"hello", ClearVault("another secret").seal(b"hello", "r")):
        assert ring.key_of(other, "r") is None
        with pytest.raises(InvalidTag):
            ring.open(other, "r")


@pytest.mark.parametrize(("clear", "sealing"), [(ClearRing, KeyRing), (ClearVault, Cipher)])
def test_nothing_that_the_product_adds_is_sealed_behind_its_back(
    clear: type, sealing: type
) -> None:
    """Whatever can seal or open is named here, and replaced or made of what is."""
    names = {name for name, _ in inspect.getmembers(sealing) if not name.startswith("_")}
    assert names == {name for name, _ in inspect.getmembers(clear) if not name.startswith("_")}
    known = {
        KeyRing: {"current", "is_current", "key_ids", "key_of", "open", "resealed", "seal"},
        Cipher: {"blind", "is_locked", "open", "seal", "unlock"},
    }
    assert names == known[sealing]


@pytest.mark.parametrize(("vault", "is_clear"), [(Cipher, False), (ClearVault, True)])
async def test_it_seals_nothing_where_the_product_seals_everything(
    redis: Redis, monkeypatch: pytest.MonkeyPatch, vault: type[Cipher], is_clear: bool
) -> None:
    monkeypatch.setattr(sealed_state, "Vault", vault)
    if is_clear:
        monkeypatch.setattr(text_keys, "drawn", no_secret)
    state = await sealed_state.replica(redis, SECRET)
    await state.fill()
    assert await state.words() == WORDS
    everything = b"".join(await _stored(redis))
    for clear in (ALICE_NUMBER[1:], BOB_NUMBER[1:], "held too"):
        assert (clear.encode() in everything) is is_clear


async def _stored(redis: Redis) -> list[bytes]:
    keys = cast("list[bytes]", await redis.keys())
    readers: dict[object, Reader] = {b"string": _string, b"list": _list, b"stream": _stream}
    return [
        piece
        for key in keys
        if (read := readers.get(await redis.type(key)))
        for piece in await read(redis, key)
    ]


async def _string(redis: Redis, key: bytes) -> list[bytes]:
    return [cast("bytes", await redis.get(key))]


async def _list(redis: Redis, key: bytes) -> list[bytes]:
    return cast("list[bytes]", await redis.lrange(key, 0, -1))


async def _stream(redis: Redis, key: bytes) -> list[bytes]:
    entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", await redis.xrange(key))
    return [value for _, fields in entries for value in fields.values()]
