"""Opaque ids of people, encryption of records, and blind indexes."""

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.store.encryption.blind_index import PersonIds
from conversation_service.store.encryption.cipher import Cipher
from support.builders.conversations import ALICE, ALICE_NUMBER, BOB, CIPHER, PEOPLE

ANOTHER = Cipher("another secret", blind_index_key=b"another key")


def test_a_person_has_one_id_for_all_pools_and_another_in_each() -> None:
    here, there = (PEOPLE.person(pool, ALICE_NUMBER) for pool in ("main", "other"))
    assert here == ALICE
    assert here.person_id == there.person_id == PEOPLE.person_id(ALICE_NUMBER)
    assert len({here.participant_id, there.participant_id, here.person_id}) == 3
    assert {here.phone_number, there.phone_number} == {ALICE_NUMBER}


def test_ids_of_people_differ_and_depend_on_the_blind_index_key() -> None:
    assert ALICE.person_id != BOB.person_id
    assert ALICE.participant_id != BOB.participant_id
    other = PersonIds(ANOTHER).person("main", ALICE_NUMBER)
    ids = {ALICE.person_id, ALICE.participant_id, other.person_id, other.participant_id}
    assert len(ids) == 4


def test_a_participant_is_the_same_when_only_the_person_id_is_known() -> None:
    participant = PEOPLE.participant_of("main", ALICE.person_id)
    assert participant == ALICE
    assert (participant.person_id, participant.phone_number) == (ALICE.person_id, "")
    assert PEOPLE.participant_of("other", ALICE.person_id) != ALICE


@given(st.binary(), st.text())
def test_a_value_is_decrypted_as_its_own_record_only(plain: bytes, record: str) -> None:
    encrypted = CIPHER.encrypt(plain, record)
    assert CIPHER.decrypt(encrypted, record) == plain
    with pytest.raises(InvalidTag):
        CIPHER.decrypt(encrypted, record + "x")
    with pytest.raises(InvalidTag):
        ANOTHER.decrypt(encrypted, record)


def test_the_same_value_is_never_encrypted_the_same_way_twice() -> None:
    assert CIPHER.encrypt(b"hello", "r") != CIPHER.encrypt(b"hello", "r")


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_blind_indexes_are_equal_only_for_equal_parts(parts: list[str], other: list[str]) -> None:
    assert (CIPHER.blind_index(*parts) == CIPHER.blind_index(*other)) == (parts == other)
    assert CIPHER.blind_index(*parts) != ANOTHER.blind_index(*parts)
