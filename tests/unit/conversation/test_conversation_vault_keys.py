"""Several state keys live at once: one seals, all open."""

import os

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from conversation_service.app.settings import Settings
from conversation_service.domain.errors import BackendUnavailable
from conversation_service.store.encryption import key_ring
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.encryption.key_ring import (
    Key,
    KeyRing,
    KeysCollide,
    derived,
    is_sealed,
)
from conversation_service.store.keyspace.keys import DeploymentKeys, KeyParts, Keys, parse_key

OLD, NEW = "the key of last year", "the key of this year"
SHORT = "too short a key"


def first_form(secret: str, plain: bytes, record: str) -> bytes:
    """As it was sealed while there was only one key."""
    nonce = os.urandom(12)
    cipher = AESGCM(derived(secret.encode(), b"maskline seal"))
    return b"\x01" + nonce + cipher.encrypt(nonce, plain, record.encode())


def test_what_a_former_key_sealed_is_opened_and_the_current_one_seals() -> None:
    both = KeyRing(NEW, [OLD])
    assert both.open(KeyRing(OLD).seal(b"hello", "r"), "r") == b"hello"
    sealed = both.seal(b"hello", "r")
    assert KeyRing(NEW).open(sealed, "r") == b"hello"
    with pytest.raises(InvalidTag):
        KeyRing(OLD).open(sealed, "r")


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_what_was_sealed_while_there_was_one_key_is_opened_by_whichever_it_was(secret: str) -> None:
    ring, sealed = KeyRing(NEW, [OLD]), first_form(secret, b"hello", "r")
    assert ring.open(sealed, "r") == b"hello"
    assert ring.key_of(sealed, "r").key_id == Key(secret).key_id  # type: ignore[union-attr]
    assert not ring.is_current(sealed)
    with pytest.raises(InvalidTag):
        ring.open(sealed, "another")
    with pytest.raises(InvalidTag):
        KeyRing("the key of somebody").open(sealed, "r")


def test_in_front_of_what_is_sealed_stands_the_id_of_its_key() -> None:
    sealed = KeyRing(NEW, [OLD]).seal(b"hello", "r")
    assert sealed[:4].hex() == Key(NEW).key_id != Key(OLD).key_id
    assert NEW.encode() not in sealed
    # Another key's id makes nothing of it.
    forged = Key(OLD).prefix + sealed[4:]
    with pytest.raises(InvalidTag):
        KeyRing(NEW, [OLD]).open(forged, "r")


@given(st.binary(max_size=64))
def test_anything_else_is_opened_by_no_key(junk: bytes) -> None:
    ring = KeyRing(NEW, [OLD])
    for stored in (junk, b"\x01" + junk, Key(OLD).prefix + junk):
        assert ring.key_of(stored, "r") is None
        with pytest.raises(InvalidTag):
            ring.open(stored, "r")


@given(st.text(min_size=1))
def test_no_id_can_be_taken_for_text_or_for_the_first_form(secret: str) -> None:
    sealed = KeyRing(secret).seal(b"", "r")
    assert sealed[0] >= 0x80
    assert is_sealed(sealed)
    assert is_sealed(first_form(secret, b"", "r"))


@given(st.text(st.characters(max_codepoint=127, min_codepoint=32)))
def test_an_id_in_clear_is_not_taken_for_something_sealed(text: str) -> None:
    assert not is_sealed(text.encode())


def test_sealing_anew_changes_the_key_and_nothing_else() -> None:
    ring, old = KeyRing(NEW, [OLD]), KeyRing(OLD)
    for sealed in (old.seal(b"hello", "r"), first_form(OLD, b"hello", "r")):
        again = ring.resealed(sealed, "r")
        assert ring.is_current(again)
        assert KeyRing(NEW).open(again, "r") == b"hello"
        with pytest.raises(InvalidTag):
            ring.resealed(sealed, "another")


def test_a_key_that_is_listed_twice_is_one_and_the_current_one_comes_first() -> None:
    assert KeyRing(NEW, [OLD, NEW, OLD]).key_ids == [Key(NEW).key_id, Key(OLD).key_id]


def test_two_keys_with_one_id_are_refused_without_being_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(key_ring, "derived", lambda _, purpose: purpose.ljust(32)[:32])
    with pytest.raises(KeysCollide) as refused:
        KeyRing(NEW, [OLD])
    assert not any(secret in str(refused.value) for secret in (OLD, NEW))


def test_names_stay_when_the_state_key_changes() -> None:
    before, after = Cipher(OLD), Cipher(NEW, [OLD], is_locked=True)
    after.unlock(Key(OLD).blinding_key)
    assert after.blind("person", "x") == before.blind("person", "x") != Cipher(NEW).blind("x")


def test_a_locked_vault_hashes_nothing_and_says_that_it_may_later() -> None:
    vault = Cipher(NEW, is_locked=True)
    with pytest.raises(BackendUnavailable):
        vault.blind("x")
    assert vault.open(vault.seal(b"hello", "r"), "r") == b"hello"
    vault.unlock(b"k" * 32)
    assert not vault.is_locked
    assert vault.blind("x")


@pytest.mark.parametrize(
    ("told", "keys"),
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
def test_former_keys_stand_between_commas_or_one_a_line(told: str, keys: list[str]) -> None:
    assert Settings(former_state_keys=SecretStr(told)).former_keys == keys


def test_a_former_key_that_is_too_short_is_refused_without_being_repeated() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(former_state_keys=SecretStr(f"{OLD},{SHORT}"))
    assert SHORT not in str(refused.value)
    assert OLD not in repr(Settings(former_state_keys=SecretStr(OLD)))


def test_a_key_of_redis_says_whose_it_is_and_of_what_kind() -> None:
    keys = Keys("main")
    assert parse_key(keys.settings) == KeyParts("main", "settings")
    assert parse_key(keys.conversation("c:1\n2")) == KeyParts("main", "conversation")
    assert parse_key(keys.dead_receipt("x")).kind != parse_key(keys.dead).kind
    assert parse_key(DeploymentKeys().blinding_key) == KeyParts("deployment/", "blinding-key")
    assert parse_key("maskline:v1:messaging:{x}:message") == parse_key("else") == KeyParts("", "")
