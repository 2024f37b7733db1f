"""Numbers, the vault, the stored forms, ids."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from conversation_service.domain.change import OutboundText
from conversation_service.domain.conversation import Conversation, EndReason
from conversation_service.domain.facts import Facts
from conversation_service.domain.message import MessageState
from conversation_service.domain.phone import is_e164, masked
from conversation_service.domain.transitions import ended, joined, opened, talked
from conversation_service.operations.fresh import SystemFresh
from conversation_service.store.codec import (
    Answer,
    decode_answer,
    decode_conversation,
    decode_envelope,
    encode_answer,
    encode_conversation,
    encode_envelope,
)
from conversation_service.store.keys import Keys
from conversation_service.store.vault import Vault
from support.conversations import ALICE, BOB, POOL, VAULT, line

NOW = datetime(2026, 11, 23, 12, 0, 0, 123000, tzinfo=UTC)
FACTS = Facts(POOL, NOW, "change", "K7M2Q9", {})
WAITING = opened(FACTS, line(ALICE))
ACTIVE = talked(FACTS, joined(FACTS, WAITING, BOB))
ENDED = ended(FACTS, ACTIVE, EndReason.PARTICIPANT_ENDED)


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
    assert masked("+14255550111") == "+1 ••• ••• 0111"
    assert masked("+4915550111") == "+•••• 0111"


@given(st.binary(), st.text())
def test_what_is_sealed_can_be_opened_for_its_own_record_only(plain: bytes, record: str) -> None:
    sealed = VAULT.seal(plain, record)
    assert VAULT.open(sealed, record) == plain
    with pytest.raises(InvalidTag):
        VAULT.open(sealed, record + "x")
    with pytest.raises(InvalidTag):
        Vault("another secret").open(sealed, record)


def test_the_same_text_is_never_sealed_the_same_way_twice() -> None:
    assert VAULT.seal(b"hello", "r") != VAULT.seal(b"hello", "r")


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_blinded_names_are_equal_only_for_equal_parts(one: list[str], other: list[str]) -> None:
    assert (VAULT.blind(*one) == VAULT.blind(*other)) == (one == other)
    assert VAULT.blind(*one) != Vault("another secret").blind(*one)


@pytest.mark.parametrize("conversation", [WAITING, ACTIVE, ENDED])
def test_a_conversation_is_read_as_it_was_written(conversation: Conversation) -> None:
    assert decode_conversation(encode_conversation(conversation)) == conversation


def test_an_answer_is_read_as_it_was_written() -> None:
    for answer in (Answer(None), Answer(ENDED, ("m-0", "m-1"))):
        assert decode_answer(encode_answer(answer)) == answer


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_is_read_as_it_was_written(body: str) -> None:
    text = OutboundText("m", "c", "+12065550100", ALICE.phone_number, body)
    envelope = decode_envelope(encode_envelope(text))
    assert (envelope.to_number, envelope.body) == (ALICE.phone_number, body)


def test_all_keys_of_a_pool_lie_in_one_slot() -> None:
    keys = Keys("main")
    spelled = [
        keys.conversation("c"), keys.route("l"), keys.code("k"), keys.silence("l"),
        keys.receipt("r"), keys.message("m"), keys.outbox, keys.deadlines, keys.conversations,
        keys.lease, keys.fence,
    ]  # fmt: skip
    assert len({key_slot(key.encode()) for key in spelled}) == 1
    assert len(set(spelled)) == len(spelled)


def test_ids_sort_by_time_and_do_not_repeat() -> None:
    fresh = SystemFresh()
    ids = [fresh.change_id(NOW + timedelta(milliseconds=step)) for step in range(200)]
    assert ids == sorted(ids)
    assert len({fresh.change_id(NOW) for _ in range(1000)}) == 1000
    assert all(len(one) <= 64 for one in ids)


def test_codes_do_not_repeat_in_practice() -> None:
    fresh = SystemFresh()
    assert len({fresh.code() for _ in range(1000)}) > 990


def test_states_of_a_text_only_rise() -> None:
    in_order = [MessageState.ACCEPTED, MessageState.UNKNOWN, MessageState.SENT]
    in_order += [MessageState.UNDELIVERED, MessageState.DELIVERED]
    ranks = [state.rank for state in in_order]
    assert ranks == sorted(set(ranks))
