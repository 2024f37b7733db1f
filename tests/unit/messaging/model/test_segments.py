"""Segments of a body, by the carrier's documented rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_service.model.segments import count

GRIN = "\N{GRINNING FACE}"


@pytest.mark.parametrize(
    ("length", "segments"),
    [(1, 1), (140, 1), (141, 1), (160, 1), (161, 2), (280, 2), (281, 3), (420, 3), (421, 4)],
)
def test_plain_ascii_goes_160_at_once_and_140_at_a_time_beyond_that(
    length: int, segments: int
) -> None:
    assert count("a" * length) == segments


@pytest.mark.parametrize(
    ("body", "segments"),
    [
        ("\N{LATIN SMALL LETTER E WITH ACUTE}", 1),
        ("a" * 69 + "\N{EURO SIGN}", 1),
        ("a" * 70 + "\N{EURO SIGN}", 2),
        ("\N{CYRILLIC SMALL LETTER YA}" * 140, 2),
        ("\N{CYRILLIC SMALL LETTER YA}" * 141, 3),
        # A character beyond the basic plane is two units.
        (GRIN * 35, 1),
        (GRIN * 35 + "a", 2),
        ("a" + GRIN * 35, 2),
    ],
)
def test_one_character_that_is_not_ascii_makes_every_70_units_a_segment(
    body: str, segments: int
) -> None:
    assert count(body) == segments


def test_an_empty_body_and_a_lone_surrogate_can_be_counted() -> None:
    assert count("") == 1
    assert count("\ud83d" * 71) == 2


@given(st.text(st.characters()))
def test_every_body_has_segments_and_a_longer_one_never_fewer(body: str) -> None:
    assert 1 <= count(body) <= count(f"{body}a")
