"""Several state keys at once: one encrypts, all decrypt."""

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from conversation_service.app.settings import Settings
from conversation_service.domain.errors import BackendUnavailable
from conversation_service.store.encryption import key_ring
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.encryption.key_ring import Key, KeyRing, KeysCollide, is_encrypted

OLD, NEW = "the key of last year", "the key of this year"
SHORT = "too short a key"


def test_the_current_key_encrypts_and_a_former_one_still_decrypts() -> None:
    both = KeyRing(NEW, [OLD])
    assert both.decrypt(KeyRing(OLD).encrypt(b"hello", "r"), "r") == b"hello"
    encrypted = both.encrypt(b"hello", "r")
    assert KeyRing(NEW).decrypt(encrypted, "r") == b"hello"
    with pytest.raises(InvalidTag):
        KeyRing(OLD).decrypt(encrypted, "r")


def test_an_encrypted_value_begins_with_the_id_of_its_key() -> None:
    encrypted = KeyRing(NEW, [OLD]).encrypt(b"hello", "r")
    assert encrypted[:4].hex() == Key(NEW).key_id != Key(OLD).key_id
    assert NEW.encode() not in encrypted
    # Another key's id does not help.
    forged = Key(OLD).prefix + encrypted[4:]
    with pytest.raises(InvalidTag):
        KeyRing(NEW, [OLD]).decrypt(forged, "r")


@given(st.binary(max_size=64))
def test_no_key_decrypts_anything_else(junk: bytes) -> None:
    ring = KeyRing(NEW, [OLD])
    for stored in (junk, Key(OLD).prefix + junk):
        assert ring.key_of(stored, "r") is None
        with pytest.raises(InvalidTag):
            ring.decrypt(stored, "r")


@given(st.text(min_size=1))
def test_an_encrypted_value_cannot_be_taken_for_text(secret: str) -> None:
    assert is_encrypted(KeyRing(secret).encrypt(b"", "r"))


@given(st.text(st.characters(max_codepoint=127, min_codepoint=32)))
def test_a_plain_id_is_not_taken_for_an_encrypted_value(text: str) -> None:
    assert not is_encrypted(text.encode())


def test_reencrypting_changes_the_key_and_nothing_else() -> None:
    ring, encrypted = KeyRing(NEW, [OLD]), KeyRing(OLD).encrypt(b"hello", "r")
    assert ring.key_of(encrypted, "r").key_id == Key(OLD).key_id  # type: ignore[union-attr]
    assert not ring.is_current(encrypted)
    again = ring.reencrypted(encrypted, "r")
    assert ring.is_current(again)
    assert KeyRing(NEW).decrypt(again, "r") == b"hello"
    with pytest.raises(InvalidTag):
        ring.reencrypted(encrypted, "another")


def test_a_key_that_is_listed_twice_counts_once_and_the_current_one_comes_first() -> None:
    assert KeyRing(NEW, [OLD, NEW, OLD]).key_ids == [Key(NEW).key_id, Key(OLD).key_id]


def test_two_keys_with_the_same_id_are_refused_without_being_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(key_ring, "derive_key", lambda _, purpose: purpose.ljust(32)[:32])
    with pytest.raises(KeysCollide) as refused:
        KeyRing(NEW, [OLD])
    assert not any(secret in str(refused.value) for secret in (OLD, NEW))


def test_blind_indexes_stay_when_the_state_key_changes() -> None:
    before, after = Cipher(OLD, blind_index_key=b"k"), Cipher(NEW, [OLD], blind_index_key=b"k")
    assert after.blind_index("person", "x") == before.blind_index("person", "x")


def test_a_cipher_without_blind_index_key_encrypts_but_hashes_only_once_it_is_ready() -> None:
    cipher = Cipher(NEW)
    with pytest.raises(BackendUnavailable):
        cipher.blind_index("x")
    assert cipher.decrypt(cipher.encrypt(b"hello", "r"), "r") == b"hello"
    assert not cipher.is_ready
    cipher.set_blind_index_key(b"k" * 32)
    assert cipher.is_ready
    assert cipher.blind_index("x")


@pytest.mark.parametrize(
    ("setting", "keys"),
    [
        ("", []),
        (OLD, [OLD]),
        (f"{OLD},{NEW}", [OLD, NEW]),
        (f" {OLD} , {NEW},", [OLD, NEW]),
        (f"{OLD}\n{NEW}\n", [OLD, NEW]),
        (f"{OLD}\r\n\r\n{NEW}", [OLD, NEW]),
        (f"a key, with a comma\n{NEW}", ["a key, with a comma", NEW]),
    ],
)
def test_former_keys_stand_between_commas_or_one_a_line(setting: str, keys: list[str]) -> None:
    assert Settings(former_state_keys=SecretStr(setting)).former_keys == keys


def test_a_former_key_that_is_too_short_is_refused_without_being_repeated() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(former_state_keys=SecretStr(f"{OLD},{SHORT}"))
    assert SHORT not in str(refused.value)
    assert OLD not in repr(Settings(former_state_keys=SecretStr(OLD)))
