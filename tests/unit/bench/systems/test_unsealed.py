"""The benchmark's cipher encrypts nothing and otherwise behaves as the product's."""

import inspect

import pytest
from cryptography.exceptions import InvalidTag

from bench.systems.unsealed import ClearCipher, ClearRing
from conversation_service.domain.errors import BackendUnavailable
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.encryption.key_ring import KeyRing, is_encrypted

SECRET = "a secret of these tests"
KEY = b"a blind-index key"


def test_it_hashes_as_the_product_does_and_only_when_ready() -> None:
    clear, product = (kind(SECRET, blind_index_key=KEY) for kind in (ClearCipher, Cipher))
    assert clear.blind_index("person", "x") == product.blind_index("person", "x")
    with pytest.raises(BackendUnavailable):
        ClearCipher(SECRET).blind_index("person", "x")


def test_a_value_is_in_clear_behind_its_key_id_and_no_other_value_is_read() -> None:
    cipher = ClearCipher(SECRET)
    stored = cipher.encrypt(b"hello", "record")
    assert stored == cipher.ring.current.prefix + b"hello"
    assert cipher.decrypt(stored, "record") == b"hello"
    assert is_encrypted(stored)
    assert cipher.ring.key_of(stored, "record") is cipher.ring.current
    assert cipher.ring.reencrypted(stored, "record") == stored
    for other in (b"", b"hello", ClearCipher("another secret").encrypt(b"hello", "record")):
        assert cipher.ring.key_of(other, "record") is None
        with pytest.raises(InvalidTag):
            cipher.decrypt(other, "record")


@pytest.mark.parametrize(
    ("product", "members"),
    [(KeyRing, "current decrypt encrypt is_current key_ids key_of reencrypted"),
     (Cipher, "blind_index decrypt encrypt is_ready set_blind_index_key")],
)  # fmt: skip
def test_every_method_of_the_product_that_encrypts_is_replaced(product: type, members: str) -> None:
    """Fails when the product gets a method that might encrypt without the replaced ones."""
    public = [name for name, _ in inspect.getmembers(product) if not name.startswith("_")]
    assert public == members.split()
    assert {"encrypt", "decrypt"} <= set(vars(ClearRing))
