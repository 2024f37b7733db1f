import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_service.model.message import ID_LIMIT
from messaging_service.model.receipt import Receipt
from messaging_service.model.send_tokens import SendTokens, new_attempt_id

TOKENS = SendTokens("a long random string")
SAFE = string.ascii_letters + string.digits + "-_"


def test_an_attempts_id_is_new_each_time_and_no_token() -> None:
    made = {new_attempt_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(made_id) == 22 and set(made_id) <= set(SAFE) for made_id in made)
    assert not any(TOKENS.attempt_id_of(made_id) for made_id in made)


def test_a_token_names_its_attempt_for_a_holder_of_the_key() -> None:
    attempt_id = new_attempt_id()
    token = TOKENS.sign(attempt_id)
    assert token == TOKENS.sign(attempt_id)
    assert len(token) == 43 <= ID_LIMIT
    assert set(token) <= set(SAFE)
    assert TOKENS.attempt_id_of(token) == attempt_id
    assert token not in repr(Receipt("mdr2-1", token, "", "1004"))
    assert SendTokens("a long random string").attempt_id_of(token) == attempt_id
    assert SendTokens("another long random string").attempt_id_of(token) is None


@given(st.text())
def test_no_made_up_text_is_a_token(token: str) -> None:
    assert TOKENS.attempt_id_of(token) is None


@given(st.data())
def test_no_token_can_be_altered_or_spelled_in_another_way(data: st.DataObject) -> None:
    # Always the same: Hypothesis repeats its choices, which depend on the token.
    token = TOKENS.sign("A" * 22)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(SAFE).filter(lambda sign: sign != token[at]))
    assert TOKENS.attempt_id_of(token[:at] + other + token[at + 1 :]) is None
    for altered in (token[:-1], token + "=", token + "A", token + "\n", token.swapcase()):
        assert TOKENS.attempt_id_of(altered) is None


@pytest.mark.parametrize("odd", ["", "m1", "A" * 21, "A" * 22 + "=", "A" * 21 + "B", "A" * 43, "é"])
def test_a_malformed_attempt_id_is_not_signed(odd: str) -> None:
    with pytest.raises(ValueError, match="give the id of an attempt"):
        TOKENS.sign(odd)


def test_a_token_is_still_valid_after_its_key_was_replaced() -> None:
    attempt_id = new_attempt_id()
    replaced = SendTokens("the next long random string", "a long random string")
    assert replaced.attempt_id_of(TOKENS.sign(attempt_id)) == attempt_id
    assert replaced.attempt_id_of(replaced.sign(attempt_id)) == attempt_id
    # It signs with the current key only, and any listed key is recognised.
    assert TOKENS.attempt_id_of(replaced.sign(attempt_id)) is None
    prepared = SendTokens("a long random string", "the next long random string")
    assert prepared.attempt_id_of(replaced.sign(attempt_id)) == attempt_id
    strange = SendTokens("another long random string")
    assert replaced.attempt_id_of(strange.sign(attempt_id)) is None
