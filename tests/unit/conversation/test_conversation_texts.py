"""What Maskline itself says."""

from datetime import timedelta

import pytest

from conversation_service.domain import texts
from conversation_service.domain.commands import Kind, parse
from conversation_service.domain.pool import Pool
from conversation_service.domain.words import Words

CODE = "K7M2Q9"
LONGEST = Pool("main", (), operator="x" * 40, code_lifetime=timedelta(minutes=119))
ALL = [
    texts.code(LONGEST, CODE),
    texts.still_waiting(CODE),
    texts.somebody_joined(),
    texts.you_joined(),
    texts.already_talking(),
    texts.own_code(CODE),
    texts.code_not_valid(),
    texts.end_of_another(),
    texts.ended(),
    texts.cancelled(),
    texts.code_expired(),
    texts.idle_expired(),
    texts.help_text(LONGEST),
    texts.opted_out(),
    texts.empty(),
    texts.no_attachments(),
]


@pytest.mark.parametrize("text", ALL)
def test_a_system_text_is_ascii_and_fits_one_segment(text: str) -> None:
    assert text.isascii()
    assert text.isprintable()
    assert len(text) <= 160


@pytest.mark.parametrize("text", ALL)
def test_a_system_text_that_comes_back_is_never_taken_for_a_command(text: str) -> None:
    assert parse(text, Words()).kind is Kind.TALK


@pytest.mark.parametrize("text", [texts.ended(), texts.cancelled(), texts.idle_expired()])
def test_every_ending_says_how_to_stop_all_texts(text: str) -> None:
    assert "STOP" in text


@pytest.mark.parametrize(
    ("lifetime", "words"),
    [
        (timedelta(minutes=1), "within a minute"),
        (timedelta(minutes=15), "within 15 minutes"),
        (timedelta(hours=24), "within 24 hours"),
    ],
)
def test_a_code_says_how_long_it_lives(lifetime: timedelta, words: str) -> None:
    assert words in texts.code(Pool("main", (), "x", code_lifetime=lifetime), CODE)
