"""What a text asks for."""

import string
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.keywords import join_codes as codes
from conversation_service.domain.keywords.keywords import Command, Kind, Words, normalised, parse

CASES = [
    ("start", Kind.START, ""),
    ("  Start ", Kind.START, ""),
    ("START!", Kind.START, ""),
    ("start ...", Kind.START, ""),
    ("start the car", Kind.TALK, ""),
    ("starting", Kind.TALK, ""),
    ("join K7M2Q9", Kind.JOIN, "K7M2Q9"),
    ("Join k7m2q9.", Kind.JOIN, "K7M2Q9"),
    ("JOIN k7m-2q9", Kind.JOIN, "K7M2Q9"),
    ("join k7m 2q9", Kind.JOIN, "K7M2Q9"),
    ("join\tK7M2Q9\n", Kind.JOIN, "K7M2Q9"),
    ("join mistyped", Kind.JOIN, "MISTYPED"),
    ("join", Kind.TALK, ""),
    ("join us at 8", Kind.TALK, ""),
    ("end", Kind.END, ""),
    ("End.", Kind.END, ""),
    ("bye!", Kind.END, ""),
    ("leave", Kind.END, ""),
    ("end k7m2q9", Kind.END, "K7M2Q9"),
    ("end better", Kind.TALK, ""),
    ("the end", Kind.TALK, ""),
    ("leave me alone", Kind.TALK, ""),
    ("help", Kind.HELP, ""),
    ("INFO?", Kind.HELP, ""),
    ("help me", Kind.TALK, ""),
    *((word, Kind.OPT_OUT, "") for word in ("stop", "STOPALL", "Unsubscribe", "cancel", "quit")),
    *((word, Kind.OPT_OUT, "") for word in ("revoke", "optout", "Opt Out", "stop.")),
    ("stop it", Kind.TALK, ""),
    ("unstop", Kind.OPT_IN, ""),
    ("Yes!", Kind.YES, ""),
    ("yes please", Kind.TALK, ""),
    ("block", Kind.BLOCK, ""),
    ("block him", Kind.TALK, ""),
    ("Report.", Kind.REPORT, ""),
    ("report it", Kind.TALK, ""),
    ("start . !", Kind.START, ""),
    ("start\u2026", Kind.START, ""),
    ("\u00a1stop!", Kind.OPT_OUT, ""),
    ("", Kind.TALK, ""),
    ("   ", Kind.TALK, ""),
    ("?!", Kind.TALK, ""),
    ("hello", Kind.TALK, ""),
]


@pytest.mark.parametrize(("body", "kind", "argument"), CASES)
def test_a_text_is_read_as_a_whole(body: str, kind: Kind, argument: str) -> None:
    assert parse(body, Words()) == Command(kind, argument)


@given(st.text())
def test_any_text_can_be_read(body: str) -> None:
    assert parse(body, Words()).kind in Kind


@given(st.text())
def test_a_text_is_compared_the_same_however_often_it_is_prepared(body: str) -> None:
    assert normalised(normalised(body)) == normalised(body)


@given(
    st.sampled_from(sorted(word for word in Words().opt_out)),
    st.sampled_from(["", " ", "\n"]),
    st.text(string.punctuation, max_size=3),
)
def test_opting_out_never_depends_on_how_it_is_written(word: str, space: str, end: str) -> None:
    for written in (word, word.upper(), word.title()):
        assert parse(f"{space}{written}{end}{space}", Words()).kind is Kind.OPT_OUT


def test_a_pool_may_use_its_own_words() -> None:
    words = Words(start=("inicio",), join=("unir",), end=("fin",))
    assert parse("Inicio", words).kind is Kind.START
    assert parse("unir K7M2Q9", words) == Command(Kind.JOIN, "K7M2Q9")
    assert parse("start", words).kind is Kind.TALK


def test_a_word_with_two_meanings_opts_out_if_one_of_them_does() -> None:
    assert parse("stop", Words(start=("stop",), report=("stop",))).kind is Kind.OPT_OUT


@given(st.integers())
def test_every_drawn_code_can_be_joined_with_however_it_is_written(seed: int) -> None:
    code = codes.draw(Random(seed).choice)
    assert len(code) == codes.LENGTH
    for written in (code, code.lower(), f"{code[:3]}-{code[3:]}", f" {code[:3]} {code[3:]}. "):
        assert parse(f"join {written}", Words()) == Command(Kind.JOIN, code)


@given(st.text(codes.LETTERS.lower(), min_size=6, max_size=6))
def test_no_word_without_a_digit_is_taken_for_a_code(word: str) -> None:
    assert parse(f"end {word}", Words()).kind is Kind.TALK
    assert not codes.is_code_shaped(codes.normalised(word))
