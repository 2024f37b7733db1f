import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from messaging_service.model.body import is_reaction, normalise_quotes, unsendable_reason

QUOTES = dict(zip("\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f", "''''" + '""""', strict=True))


@given(st.text() | st.text([*QUOTES, "a"]))
def test_curly_quotes_become_straight_and_nothing_else_is_changed(body: str) -> None:
    assume(not is_reaction(body))
    assert normalise_quotes(body) == "".join(QUOTES.get(character, character) for character in body)


@pytest.mark.parametrize("body", ["\x1bA \u201c0\u201d", "!! to \u201cyou\u201d"])
def test_what_begins_without_an_emoji_is_no_reaction(body: str) -> None:
    assert '"' in normalise_quotes(body)


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
