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
from conversation_service.domain.model.messages import MessageState
from conversation_service.domain.model.participants import (
    Person,
    area_code,
    is_e164,
    redacted_number,
)
from conversation_service.domain.model.pool import POOL_NAME
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
from support.conversations import ALICE, ALICE_NUMBER, BOB, BOB_NUMBER, PEOPLE, VAULT

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


@pytest.mark.parametrize("number", ["+14255550111", "+4915550111", "+123456789012345"])
def test_numbers_in_e164_are_known_as_such(number: str) -> None:
    assert is_e164(number)


@pytest.mark.parametrize(
    "number",
    ["", "14255550111", "+04255550111", "+1425555011a", "+1", "+1 4255550111", "+1234567890123456",
     "+1425555011\uff11", "+14255550111\n"],
)  # fmt: skip
def test_anything_else_is_no_number(number: str) -> None:
    assert not is_e164(number)


def test_a_masked_number_shows_four_digits_of_a_person() -> None:
    assert redacted_number("+14255550111") == "+1 ••• ••• 0111"
    assert redacted_number("+4915550111") == "+•••• 0111"


def test_only_a_north_american_number_has_an_area_code() -> None:
    assert area_code("+14255550111") == "425"
    assert area_code("+49305550111") == area_code("+142555501111") == ""


def test_a_person_is_who_they_are_by_their_id_and_shows_no_number() -> None:
    assert Person(ALICE.participant_id) == ALICE
    assert len({ALICE, BOB, Person(ALICE.participant_id, BOB_NUMBER)}) == 2
    assert ALICE_NUMBER not in repr(ALICE)
    assert ALICE.person_id not in repr(ALICE)


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
    known = PEOPLE.known_as("main", ALICE.person_id)
    assert known == ALICE
    assert (known.person_id, known.phone_number) == (ALICE.person_id, "")
    assert PEOPLE.known_as("other", ALICE.person_id) != ALICE


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


def test_no_pool_can_have_the_name_under_which_all_pools_keep_what_they_share() -> None:
    assert POOL_NAME.fullmatch("deployment")
    assert not POOL_NAME.fullmatch("deployment/")


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


def test_states_of_a_text_only_rise() -> None:
    in_order = [MessageState.ACCEPTED, MessageState.UNKNOWN, MessageState.SENT]
    in_order += [MessageState.UNDELIVERED, MessageState.DELIVERED]
    ranks = [state.rank for state in in_order]
    assert ranks == sorted(set(ranks))
    given_up = (MessageState.REFUSED, MessageState.UNDELIVERED, MessageState.EXPIRED)
    assert len({state.rank for state in given_up}) == 1
