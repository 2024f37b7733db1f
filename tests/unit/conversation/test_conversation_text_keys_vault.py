"""Words of a conversation are sealed under a secret of its own."""

from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.model.conversation import Conversation
from conversation_service.store.encryption import conversation_keys as text_keys
from conversation_service.store.encryption.key_ring import is_sealed
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.records.encrypted import RecordCipher
from conversation_service.store.records.payloads import StoredResponse
from support.conversations import VAULT
from support.decisions import ACTIVE, ENDED

SECRET, ANOTHER = text_keys.generate(), text_keys.generate()
KEYS = Keys("main")
SEALS = RecordCipher(KEYS, VAULT)


@given(st.binary(), st.text())
def test_only_the_conversations_own_secret_opens_its_words(plain: bytes, record: str) -> None:
    sealed = text_keys.seal(plain, record, "c1", SECRET)
    assert text_keys.conversation_of(sealed) == "c1"
    assert text_keys.opened(sealed, record, [ANOTHER, SECRET]) == plain
    for record_, secrets in ((record + "x", [SECRET]), (record, [ANOTHER]), (record, [])):
        with pytest.raises(InvalidTag):
            text_keys.opened(sealed, record_, secrets)


def test_the_same_words_are_never_sealed_the_same_way_twice() -> None:
    assert text_keys.seal(b"hi", "r", "c", SECRET) != text_keys.seal(b"hi", "r", "c", SECRET)


@given(st.binary(max_size=40))
def test_what_was_cut_or_damaged_is_opened_by_no_secret(junk: bytes) -> None:
    with pytest.raises(InvalidTag):
        text_keys.opened(b"\x02c1\n" + junk, "r", [SECRET])


def test_what_lies_under_the_state_key_takes_no_conversation() -> None:
    sealed = VAULT.seal(b"hi", "r")
    assert text_keys.conversation_of(sealed) == ""
    assert SEALS.opened_text(sealed, "r", [SECRET]) == b"hi"
    # And a rotation of the state key has nothing to do with what does.
    assert not is_sealed(text_keys.seal(b"hi", "r", "c", SECRET))


def test_a_secret_is_seen_where_it_stands_in_front_of_a_record_and_nowhere_else() -> None:
    secrets = {text_keys.generate() for _ in range(300)}
    assert len(secrets) == 300
    for secret in secrets:
        assert text_keys.split_key(secret + b"[3]") == (secret, b"[3]")
    assert text_keys.split_key(b"[3]") == (b"", b"[3]")
    assert text_keys.split_key(b'{"v":1}') == (b"", b'{"v":1}')


@pytest.mark.parametrize(
    ("conversation", "kept"), [(ACTIVE, SECRET), (ENDED, b"")], ids=["active", "ended"]
)
def test_a_live_conversation_keeps_its_secret_and_an_ended_one_does_not(
    conversation: Conversation, kept: bytes
) -> None:
    stored = SEALS.conversation(replace(conversation, text_secret=SECRET))
    found = SEALS.opened_conversation(conversation.conversation_id, stored)
    assert found == conversation
    assert found.text_secret == kept


def test_no_answer_and_no_repr_holds_the_secret() -> None:
    conversation = replace(ACTIVE, text_secret=SECRET)
    assert "text_secret" not in repr(conversation)
    found = SEALS.opened_answer(SEALS.answer(StoredResponse(conversation), "r"), "r").conversation
    assert found == conversation
    assert found.text_secret == b""
