"""The benchmark's cipher that encrypts nothing keeps every other promise of the product's."""

import inspect
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidTag
from redis.asyncio import Redis

from bench.unsealed import ClearRing, ClearVault, no_secret
from conversation_service.domain.commands.client.start import OpenConversation
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.conversations.types import Commit, Committed
from conversation_service.store.encryption import conversation_keys
from conversation_service.store.encryption.blind_index_key import BlindIndexKeyStore
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.encryption.key_ring import KeyRing, is_encrypted
from conversation_service.store.outbox.outbox import Outbox
from conversation_service.store.storage import Storage
from support.conversations import ALICE_NUMBER, BOB_NUMBER, POOL
from support.marker_search import everything

SECRET = "a secret of these tests"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


async def test_it_shares_the_blind_index_key_with_the_products_cipher(redis: Redis) -> None:
    ciphers = [ClearVault(SECRET), ClearVault(SECRET)]
    for cipher in ciphers:
        assert not cipher.is_ready
        await BlindIndexKeyStore(redis, cipher).load()
    assert ciphers[0].blind_index("person", "x") == ciphers[1].blind_index("person", "x")
    same = Cipher(SECRET, blind_index_key=b"k").blind_index("x")
    assert ClearVault(SECRET, blind_index_key=b"k").blind_index("x") == same


def test_it_names_its_key_and_decrypts_no_other_value() -> None:
    ring = ClearVault(SECRET).ring
    value = ring.encrypt(b"hello", "r")
    assert ring.decrypt(value, "r") == b"hello"
    assert ring.reencrypted(value, "r") == value
    assert ring.key_of(value, "r") is ring.current
    assert is_encrypted(value)
    for other in (b"", b"hello", ClearVault("another secret").encrypt(b"hello", "r")):
        assert ring.key_of(other, "r") is None
        with pytest.raises(InvalidTag):
            ring.decrypt(other, "r")


@pytest.mark.parametrize(("clear", "product"), [(ClearRing, KeyRing), (ClearVault, Cipher)])
def test_every_method_of_the_products_encryption_is_known_here(clear: type, product: type) -> None:
    """A new method that encrypts has to be replaced, too."""
    names = {name for name, _ in inspect.getmembers(product) if not name.startswith("_")}
    assert names == {name for name, _ in inspect.getmembers(clear) if not name.startswith("_")}
    known = {
        KeyRing: {
            "current",
            "decrypt",
            "encrypt",
            "is_current",
            "key_ids",
            "key_of",
            "reencrypted",
        },
        Cipher: {"blind_index", "decrypt", "encrypt", "is_ready", "set_blind_index_key"},
    }
    assert names == known[product]


@pytest.mark.parametrize(("cipher_type", "is_clear"), [(Cipher, False), (ClearVault, True)])
async def test_it_encrypts_nothing_where_the_product_encrypts_everything(
    redis: Redis, monkeypatch: pytest.MonkeyPatch, cipher_type: type[Cipher], is_clear: bool
) -> None:
    if is_clear:
        monkeypatch.setattr(conversation_keys, "generate", no_secret)
    storage = Storage(redis, cipher_type(SECRET, blind_index_key=b"k"))
    store = ConversationRepository(storage.pool("main"))
    alice, bob = (storage.people.person("main", one) for one in (ALICE_NUMBER, BOB_NUMBER))
    command = OpenConversation("r", (alice, bob))
    change = replace(command.decide(Snapshot(POOL, NOW, "c1")), pool=POOL)
    uncreated = replace(POOL, version="")
    commit = Commit(command.idempotency_key, change, NOW, uncreated)
    assert await store.commit([commit]) == [Committed()]
    stored = await store.get("c1")
    assert stored is not None
    assert stored.participants == (alice, bob)
    outbox = Outbox(storage.pool("main"), redis)
    await outbox.prepare()
    assert len(await outbox.read_new(10, None)) == 2
    everything_stored = b"".join([value async for _, value in everything(redis)])
    for clear in (ALICE_NUMBER[1:], BOB_NUMBER[1:], "STOP"):
        assert (clear.encode() in everything_stored) is is_clear
