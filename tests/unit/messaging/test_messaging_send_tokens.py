"""The token in a receipt's address: nobody else can make one up."""

import string

from hypothesis import given
from hypothesis import strategies as st

from messaging_service.domain import ID_LIMIT
from messaging_service.send_tokens import SendTokens

TOKENS = SendTokens("a long random string")
SAFE = string.ascii_letters + string.digits + "-_"


def test_a_token_is_new_each_time_and_fits_into_an_address() -> None:
    made = {TOKENS.new() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(one) <= ID_LIMIT and set(one) <= set(SAFE) for one in made)


def test_a_token_is_known_again_by_whoever_has_the_key() -> None:
    token = TOKENS.new()
    assert TOKENS.is_genuine(token)
    assert SendTokens("a long random string").is_genuine(token)
    assert not SendTokens("another long random string").is_genuine(token)


@given(st.text())
def test_no_text_that_somebody_made_up_is_a_token(token: str) -> None:
    assert not TOKENS.is_genuine(token)


@given(st.data())
def test_no_token_can_be_altered_or_spelled_in_another_way(data: st.DataObject) -> None:
    token = TOKENS.new()
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(SAFE).filter(lambda sign: sign != token[at]))
    assert not TOKENS.is_genuine(token[:at] + other + token[at + 1 :])
    for altered in (token[:-1], token + "=", token + "A", token + "\n", token.swapcase()):
        assert not TOKENS.is_genuine(altered)


def test_a_token_is_known_again_after_its_key_was_replaced() -> None:
    replaced = SendTokens("the next long random string", "a long random string")
    assert replaced.is_genuine(TOKENS.new())
    assert replaced.is_genuine(replaced.new())
    # It makes none with the former one.
    assert not TOKENS.is_genuine(replaced.new())
    assert not replaced.is_genuine(SendTokens("another long random string").new())


def test_a_replica_that_makes_them_with_the_former_key_still_knows_the_next_ones_tokens() -> None:
    not_yet = SendTokens("a long random string", "the next long random string")
    assert not_yet.is_genuine(SendTokens("the next long random string").new())
    assert TOKENS.is_genuine(not_yet.new())
