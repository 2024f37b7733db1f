"""What a text asks for."""

import string
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.keywords import join_codes as codes
from conversation_service.domain.keywords.keywords import (
    Keyword,
    Keywords,
    ParsedKeyword,
    normalized,
    parse,
)

CASES = [
    ("start", Keyword.START, ""),
    ("  Start ", Keyword.START, ""),
    ("START!", Keyword.START, ""),
    ("start ...", Keyword.START, ""),
    ("start the car", Keyword.TALK, ""),
    ("starting", Keyword.TALK, ""),
    ("join K7M2Q9", Keyword.JOIN, "K7M2Q9"),
    ("Join k7m2q9.", Keyword.JOIN, "K7M2Q9"),
    ("JOIN k7m-2q9", Keyword.JOIN, "K7M2Q9"),
    ("join k7m 2q9", Keyword.JOIN, "K7M2Q9"),
    ("join\tK7M2Q9\n", Keyword.JOIN, "K7M2Q9"),
    ("join mistyped", Keyword.JOIN, "MISTYPED"),
    ("join", Keyword.TALK, ""),
    ("join us at 8", Keyword.TALK, ""),
    ("end", Keyword.END, ""),
    ("End.", Keyword.END, ""),
    ("bye!", Keyword.END, ""),
    ("leave", Keyword.END, ""),
    ("end k7m2q9", Keyword.END, "K7M2Q9"),
    ("end better", Keyword.TALK, ""),
    ("the end", Keyword.TALK, ""),
    ("leave me alone", Keyword.TALK, ""),
    ("help", Keyword.HELP, ""),
    ("INFO?", Keyword.HELP, ""),
    ("help me", Keyword.TALK, ""),
    *((word, Keyword.OPT_OUT, "") for word in ("stop", "STOPALL", "Unsubscribe", "cancel", "quit")),
    *((word, Keyword.OPT_OUT, "") for word in ("revoke", "optout", "Opt Out", "stop.")),
    ("stop it", Keyword.TALK, ""),
    ("unstop", Keyword.OPT_IN, ""),
    ("Yes!", Keyword.YES, ""),
    ("yes please", Keyword.TALK, ""),
    ("block", Keyword.BLOCK, ""),
    ("block him", Keyword.TALK, ""),
    ("Report.", Keyword.REPORT, ""),
    ("report it", Keyword.TALK, ""),
    ("start . !", Keyword.START, ""),
    ("start\u2026", Keyword.START, ""),
    ("\u00a1stop!", Keyword.OPT_OUT, ""),
    ("", Keyword.TALK, ""),
    ("   ", Keyword.TALK, ""),
    ("?!", Keyword.TALK, ""),
    ("hello", Keyword.TALK, ""),
]


@pytest.mark.parametrize(("body", "kind", "argument"), CASES)
def test_a_text_is_read_as_a_whole(body: str, kind: Keyword, argument: str) -> None:
    assert parse(body, Keywords()) == ParsedKeyword(kind, argument)


@given(st.text())
def test_any_text_can_be_read(body: str) -> None:
    assert parse(body, Keywords()).kind in Keyword


@given(st.text())
def test_a_text_is_compared_the_same_however_often_it_is_prepared(body: str) -> None:
    assert normalized(normalized(body)) == normalized(body)


@given(
    st.sampled_from(sorted(word for word in Keywords().opt_out)),
    st.sampled_from(["", " ", "\n"]),
    st.text(string.punctuation, max_size=3),
)
def test_opting_out_never_depends_on_how_it_is_written(word: str, space: str, end: str) -> None:
    for written in (word, word.upper(), word.title()):
        assert parse(f"{space}{written}{end}{space}", Keywords()).kind is Keyword.OPT_OUT


def test_a_pool_may_use_its_own_words() -> None:
    words = Keywords(start=("inicio",), join=("unir",), end=("fin",))
    assert parse("Inicio", words).kind is Keyword.START
    assert parse("unir K7M2Q9", words) == ParsedKeyword(Keyword.JOIN, "K7M2Q9")
    assert parse("start", words).kind is Keyword.TALK


def test_a_word_with_two_meanings_opts_out_if_one_of_them_does() -> None:
    assert parse("stop", Keywords(start=("stop",), report=("stop",))).kind is Keyword.OPT_OUT


@given(st.integers())
def test_every_drawn_code_can_be_joined_with_however_it_is_written(seed: int) -> None:
    code = codes.draw(Random(seed).choice)
    assert len(code) == codes.LENGTH
    for written in (code, code.lower(), f"{code[:3]}-{code[3:]}", f" {code[:3]} {code[3:]}. "):
        assert parse(f"join {written}", Keywords()) == ParsedKeyword(Keyword.JOIN, code)


@given(st.text(codes.LETTERS.lower(), min_size=6, max_size=6))
def test_no_word_without_a_digit_is_taken_for_a_code(word: str) -> None:
    assert parse(f"end {word}", Keywords()).kind is Keyword.TALK
    assert not codes.is_code_shaped(codes.normalized(word))
