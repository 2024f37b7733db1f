"""The benchmark's cipher encrypts nothing and otherwise behaves as the product's."""

import inspect

import pytest
from cryptography.exceptions import InvalidTag

from bench.systems.unsealed import ClearCipher, ClearRing
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.encryption.key_ring import KeyRing, is_sealed

SECRET = "a secret of these tests"


def test_it_hashes_to_the_same_names_and_only_when_unlocked() -> None:
    assert ClearCipher(SECRET).blind("person", "x") == Cipher(SECRET).blind("person", "x")
    with pytest.raises(Exception) as product:  # noqa: PT011 - whatever the product raises
        Cipher(SECRET, is_locked=True).blind("person", "x")
    with pytest.raises(product.type):
        ClearCipher(SECRET, is_locked=True).blind("person", "x")


def test_a_value_is_in_clear_behind_its_key_id_and_no_other_value_is_read() -> None:
    cipher = ClearCipher(SECRET)
    stored = cipher.seal(b"hello", "record")
    assert stored == cipher.ring.current.prefix + b"hello"
    assert cipher.open(stored, "record") == b"hello"
    assert is_sealed(stored)
    assert cipher.ring.key_of(stored, "record") is cipher.ring.current
    assert cipher.ring.resealed(stored, "record") == stored
    for other in (b"", b"hello", ClearCipher("another secret").seal(b"hello", "record")):
        assert cipher.ring.key_of(other, "record") is None
        with pytest.raises(InvalidTag):
            cipher.ring.open(other, "record")


@pytest.mark.parametrize(
    ("clear", "product", "members"),
    [
        (
            ClearRing,
            KeyRing,
            {"current", "is_current", "key_ids", "key_of", "open", "resealed", "seal"},
        ),
        (ClearCipher, Cipher, {"blind", "is_locked", "open", "seal", "unlock"}),
    ],
)
def test_every_method_of_the_product_that_encrypts_is_replaced(
    clear: type, product: type, members: set[str]
) -> None:
    """Fails when the product gets a method that might encrypt without the replaced ones."""
    for cipher in (clear, product):
        names = {name for name, _ in inspect.getmembers(cipher) if not name.startswith("_")}
        assert names == members
