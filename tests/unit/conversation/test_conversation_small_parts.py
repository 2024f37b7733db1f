"""Numbers, people, the vault, keys, times, ids."""

import inspect
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from conversation_service.application.ids import RandomIds
from conversation_service.domain.keywords import join_codes as codes
from conversation_service.store.encryption.blind_index import PersonIds
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import DeploymentKeys, Keys
from conversation_service.store.keyspace.timestamps import (
    from_ms,
    optional_ms,
    optional_time,
    span_ms,
    to_ms,
)
from support.conversations import ALICE, ALICE_NUMBER, BOB, PEOPLE, VAULT

NOW = datetime(2026, 11, 23, 12, 0, 0, 123000, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


def spelled(keys: Keys | DeploymentKeys, about: str) -> dict[str, str]:
    """Every key, by its name in the code; those of something, of `about`."""
    found = {}
    for name, member in vars(type(keys)).items():
        if isinstance(member, property):
            found[name] = getattr(keys, name)
        elif inspect.isfunction(member) and not name.startswith("_"):
            found[name] = member(keys, about)
    return found


def slots(keys: Keys | DeploymentKeys) -> set[int]:
    return {key_slot(key.encode()) for key in spelled(keys, "x").values()}


def test_a_person_has_one_id_for_all_pools_and_another_in_each() -> None:
    here, there = (PEOPLE.person(pool, ALICE_NUMBER) for pool in ("main", "other"))
    assert here == ALICE
    assert here.person_id == there.person_id == PEOPLE.person_id(ALICE_NUMBER)
    assert len({here.participant_id, there.participant_id, here.person_id}) == 3
    assert {here.phone_number, there.phone_number} == {ALICE_NUMBER}


def test_people_have_different_ids_which_say_nothing_without_the_secret() -> None:
    assert ALICE.person_id != BOB.person_id
    assert ALICE.participant_id != BOB.participant_id
    elsewhere = PersonIds(Cipher("x", blind_index_key=b"another key")).person("main", ALICE_NUMBER)
    assert not {ALICE.person_id, ALICE.participant_id} & {
        elsewhere.person_id,
        elsewhere.participant_id,
    }


def test_a_person_is_the_same_one_when_only_their_id_is_known() -> None:
    known = PEOPLE.participant_of("main", ALICE.person_id)
    assert known == ALICE
    assert (known.person_id, known.phone_number) == (ALICE.person_id, "")
    assert PEOPLE.participant_of("other", ALICE.person_id) != ALICE


@given(st.binary(), st.text())
def test_what_is_sealed_can_be_opened_for_its_own_record_only(plain: bytes, record: str) -> None:
    sealed = VAULT.encrypt(plain, record)
    assert VAULT.decrypt(sealed, record) == plain
    with pytest.raises(InvalidTag):
        VAULT.decrypt(sealed, record + "x")
    with pytest.raises(InvalidTag):
        Cipher("another secret").decrypt(sealed, record)


def test_the_same_text_is_never_sealed_the_same_way_twice() -> None:
    assert VAULT.encrypt(b"hello", "r") != VAULT.encrypt(b"hello", "r")


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_blinded_names_are_equal_only_for_equal_parts(one: list[str], other: list[str]) -> None:
    assert (VAULT.blind_index(*one) == VAULT.blind_index(*other)) == (one == other)
    assert VAULT.blind_index(*one) != Cipher("x", blind_index_key=b"another key").blind_index(*one)


def test_all_keys_of_a_pool_lie_in_one_slot_and_those_of_all_pools_in_another() -> None:
    for keys in (Keys("main"), Keys("other"), DeploymentKeys()):
        assert len(slots(keys)) == 1
    assert len(slots(Keys("main")) | slots(Keys("other")) | slots(DeploymentKeys())) == 3


def test_no_two_keys_are_the_same() -> None:
    pools = (Keys("main"), Keys("other"), DeploymentKeys())
    every = [key for keys in pools for key in spelled(keys, "x").values()]
    assert len(set(every)) == len(every) > 2 * 20
    for keys in pools:
        one, other = spelled(keys, "x"), spelled(keys, "y")
        parted = {name for name in one if one[name] != other[name]}
        of_nothing = {name for name in one if isinstance(getattr(type(keys), name), property)}
        assert parted == set(one) - of_nothing


def test_every_key_says_whose_it_is_and_in_which_form() -> None:
    assert all(key.startswith("maskline:v1:{main}:") for key in spelled(Keys("main"), "x").values())
    shared = spelled(DeploymentKeys(), "x").values()
    assert all(key.startswith("maskline:v1:{deployment/}:") for key in shared)


@given(MOMENTS)
def test_a_moment_is_kept_to_the_millisecond(moment: datetime) -> None:
    assert timedelta(0) <= moment - from_ms(to_ms(moment)) < MILLISECOND
    assert optional_time(optional_ms(moment)) == from_ms(to_ms(moment))


def test_moments_are_milliseconds_since_1970() -> None:
    assert to_ms(NOW) == int(NOW.timestamp() * 1000)
    assert from_ms(to_ms(NOW)) == NOW
    assert (optional_ms(None), optional_time(None)) == (None, None)


def test_nothing_is_kept_for_no_time_at_all() -> None:
    assert span_ms(timedelta(seconds=90)) == 90_000
    for span in (timedelta(0), timedelta(microseconds=999), timedelta(seconds=-1)):
        assert span_ms(span) == 1


def test_ids_sort_by_time_and_do_not_repeat() -> None:
    fresh = RandomIds()
    ids = [fresh.change_id(NOW + step * MILLISECOND) for step in range(200)]
    assert ids == sorted(ids)
    assert len({fresh.change_id(NOW) for _ in range(1000)}) == 1000
    assert {len(one) for one in ids} == {27}


def test_codes_do_not_repeat_in_practice_and_are_all_such_as_can_be_joined_with() -> None:
    drawn = {RandomIds().code() for _ in range(1000)}
    assert len(drawn) > 990
    assert all(codes.is_code_shaped(code) for code in drawn)
