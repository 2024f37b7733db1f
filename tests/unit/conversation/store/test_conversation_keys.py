"""Bodies of a conversation are encrypted under a data key of its own."""

from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.model.conversation import Conversation
from conversation_service.store.encryption import conversation_keys
from conversation_service.store.encryption.key_ring import is_encrypted
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.records.encrypted import RecordCipher
from conversation_service.store.records.payloads import StoredResponse
from support.builders.conversations import CIPHER, PEOPLE
from support.builders.decisions import ACTIVE, ENDED

DATA_KEY, ANOTHER = conversation_keys.generate(), conversation_keys.generate()
KEYS = Keys("main")
RECORDS = RecordCipher(KEYS, CIPHER, PEOPLE)


@given(st.binary(), st.text())
def test_only_the_conversations_own_data_key_decrypts_its_bodies(plain: bytes, record: str) -> None:
    encrypted = conversation_keys.encrypt(plain, record, "c1", DATA_KEY)
    assert conversation_keys.conversation_of(encrypted) == "c1"
    assert conversation_keys.decrypt(encrypted, record, [ANOTHER, DATA_KEY]) == plain
    for other, data_keys in ((record + "x", [DATA_KEY]), (record, [ANOTHER]), (record, [])):
        with pytest.raises(InvalidTag):
            conversation_keys.decrypt(encrypted, other, data_keys)


def test_the_same_body_is_never_encrypted_the_same_way_twice() -> None:
    assert len({conversation_keys.encrypt(b"hi", "r", "c", DATA_KEY) for _ in range(2)}) == 2


@given(st.binary(max_size=40))
def test_a_damaged_value_is_decrypted_by_no_data_key(junk: bytes) -> None:
    with pytest.raises(InvalidTag):
        conversation_keys.decrypt(b"\x02c1\n" + junk, "r", [DATA_KEY])


def test_a_value_under_the_state_key_belongs_to_no_conversation() -> None:
    encrypted = CIPHER.encrypt(b"hi", "r")
    assert conversation_keys.conversation_of(encrypted) == ""
    assert RECORDS.decrypt_body(encrypted, "r", [DATA_KEY]) == b"hi"
    # A rotation of the state key skips values under data keys.
    assert not is_encrypted(conversation_keys.encrypt(b"hi", "r", "c", DATA_KEY))


def test_a_data_key_is_recognised_in_front_of_a_record_and_nowhere_else() -> None:
    data_keys = {conversation_keys.generate() for _ in range(300)}
    assert len(data_keys) == 300
    for data_key in data_keys:
        assert conversation_keys.split_key(data_key + b"[3]") == (data_key, b"[3]")
    assert conversation_keys.split_key(b"[3]") == (b"", b"[3]")
    assert conversation_keys.split_key(b'{"v":1}') == (b"", b'{"v":1}')


@pytest.mark.parametrize(
    ("conversation", "data_key"), [(ACTIVE, DATA_KEY), (ENDED, b"")], ids=["active", "ended"]
)
def test_a_live_conversation_keeps_its_data_key_and_an_ended_one_does_not(
    conversation: Conversation, data_key: bytes
) -> None:
    stored = RECORDS.encrypt_conversation(replace(conversation, data_key=DATA_KEY))
    read = RECORDS.decrypt_conversation(conversation.conversation_id, stored)
    assert read == conversation
    assert read.data_key == data_key


def test_no_stored_response_and_no_repr_contains_the_data_key() -> None:
    conversation = replace(ACTIVE, data_key=DATA_KEY)
    assert "data_key" not in repr(conversation)
    stored = RECORDS.encrypt_response(StoredResponse(conversation), "r")
    read = RECORDS.decrypt_response(stored, "r").changed
    assert (read, read.data_key) == (conversation, b"")
