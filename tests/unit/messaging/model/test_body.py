"""Characters that are replaced in a body or make it unsendable."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_service.model.body import normalise_quotes, unsendable_reason

CURLY = {
    "LEFT SINGLE QUOTATION MARK": "'",
    "RIGHT SINGLE QUOTATION MARK": "'",
    "SINGLE LOW-9 QUOTATION MARK": "'",
    "SINGLE HIGH-REVERSED-9 QUOTATION MARK": "'",
    "LEFT DOUBLE QUOTATION MARK": '"',
    "RIGHT DOUBLE QUOTATION MARK": '"',
    "DOUBLE LOW-9 QUOTATION MARK": '"',
    "DOUBLE HIGH-REVERSED-9 QUOTATION MARK": '"',
}
QUOTES = {unicodedata.lookup(name): straight for name, straight in CURLY.items()}


@pytest.mark.parametrize("name", CURLY)
def test_each_curly_quote_becomes_the_straight_one(name: str) -> None:
    assert normalise_quotes(f"a{unicodedata.lookup(name)}b") == f"a{CURLY[name]}b"


@given(st.text())
def test_nothing_but_curly_quotes_is_changed(body: str) -> None:
    assert normalise_quotes(body) == "".join(QUOTES.get(character, character) for character in body)


@given(st.text())
def test_normalising_twice_changes_nothing_more(body: str) -> None:
    assert normalise_quotes(normalise_quotes(body)) == normalise_quotes(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("hel\x00lo", "nul"),
        ("hello\ud83d", "lone_surrogate"),
        ("\ude00hello", "lone_surrogate"),
        *((f"hello{chr(code)}", "control") for code in range(1, 32) if chr(code) not in "\t\n\r"),
    ],
)
def test_an_unsendable_body_has_a_reason(body: str, reason: str) -> None:
    assert unsendable_reason(body) == reason


@pytest.mark.parametrize(
    "body", ["", "hello", "one\r\ntwo\tthree", "\N{GRINNING FACE}", "\x7f\x85"]
)
def test_everything_else_can_be_sent(body: str) -> None:
    assert unsendable_reason(body) is None


def test_a_reason_repeats_nothing_of_the_message() -> None:
    assert "hunter2" not in str(unsendable_reason("hunter2\x00"))
