"""Parsing a message body into a keyword and its argument."""

import string
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.keywords import join_codes
from conversation_service.domain.keywords.keywords import (
    Keyword,
    Keywords,
    ParsedKeyword,
    parse,
)
from conversation_service.domain.keywords.normalization import normalized

WITHOUT_ARGUMENT = {
    Keyword.START: ("start", "  Start ", "START!", "start ...", "start . !", "start\u2026"),
    Keyword.END: ("end", "End.", "bye!", "leave"),
    Keyword.HELP: ("help", "INFO?"),
    Keyword.OPT_OUT: (
        *("stop", "STOPALL", "Unsubscribe", "cancel", "quit", "revoke", "optout", "Opt Out"),
        *("stop.", "\u00a1stop!"),
    ),
    Keyword.OPT_IN: ("unstop",),
    Keyword.YES: ("Yes!",),
    Keyword.BLOCK: ("block",),
    Keyword.REPORT: ("Report.",),
    Keyword.TALK: (
        *("start the car", "starting", "join", "join us at 8", "end better", "the end"),
        *("leave me alone", "help me", "stop it", "yes please", "block him", "report it"),
        *("", "   ", "?!", "hello"),
    ),
}
WITH_ARGUMENT = [
    ("join K7M2Q9", Keyword.JOIN, "K7M2Q9"),
    ("Join k7m2q9.", Keyword.JOIN, "K7M2Q9"),
    ("JOIN k7m-2q9", Keyword.JOIN, "K7M2Q9"),
    ("join k7m 2q9", Keyword.JOIN, "K7M2Q9"),
    ("join\tK7M2Q9\n", Keyword.JOIN, "K7M2Q9"),
    ("join mistyped", Keyword.JOIN, "MISTYPED"),
    ("end k7m2q9", Keyword.END, "K7M2Q9"),
]
CASES = [
    *((body, keyword, "") for keyword, bodies in WITHOUT_ARGUMENT.items() for body in bodies),
    *WITH_ARGUMENT,
]


@pytest.mark.parametrize(("body", "keyword", "argument"), CASES)
def test_a_keyword_counts_only_as_a_whole_message(
    body: str, keyword: Keyword, argument: str
) -> None:
    assert parse(body, Keywords()) == ParsedKeyword(keyword, argument)


@given(st.text())
def test_any_body_is_parsed_and_normalizing_it_twice_changes_nothing(body: str) -> None:
    assert parse(body, Keywords()).kind in Keyword
    assert normalized(normalized(body)) == normalized(body)


@given(
    st.sampled_from(sorted(Keywords().opt_out)),
    st.sampled_from(["", " ", "\n"]),
    st.text(string.punctuation, max_size=3),
)
def test_an_opt_out_does_not_depend_on_case_spaces_and_final_punctuation(
    word: str, space: str, end: str
) -> None:
    for written in (word, word.upper(), word.title()):
        assert parse(f"{space}{written}{end}{space}", Keywords()).kind is Keyword.OPT_OUT


def test_a_text_with_two_meanings_opts_out_if_one_of_them_does() -> None:
    assert parse("stop", Keywords(start=("stop",), report=("stop",))).kind is Keyword.OPT_OUT


@given(st.integers())
def test_every_drawn_code_can_be_joined_with_in_any_spelling(seed: int) -> None:
    code = join_codes.draw(Random(seed).choice)
    assert len(code) == join_codes.LENGTH
    for written in (code, code.lower(), f"{code[:3]}-{code[3:]}", f" {code[:3]} {code[3:]}. "):
        assert parse(f"join {written}", Keywords()) == ParsedKeyword(Keyword.JOIN, code)


@given(st.text(join_codes.LETTERS.lower(), min_size=6, max_size=6))
def test_a_word_without_a_digit_is_not_taken_for_a_code(word: str) -> None:
    assert parse(f"end {word}", Keywords()).kind is Keyword.TALK
    assert not join_codes.is_code_shaped(join_codes.normalized(word))
