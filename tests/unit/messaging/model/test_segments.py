"""Segments of a body, by the carrier's documented rule and by GSM 03.38."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_service.model.segments import Encoding, Segmentation, count

GRIN = "\N{GRINNING FACE}"


@pytest.mark.parametrize(
    ("length", "segments"),
    [(1, 1), (140, 1), (141, 1), (160, 1), (161, 2), (280, 2), (281, 3), (420, 3), (421, 4)],
)
def test_plain_ascii_goes_160_at_once_and_140_at_a_time_beyond_that(
    length: int, segments: int
) -> None:
    counted = count("a" * length)
    assert (counted.encoding, counted.segments) == (Encoding.ASCII, segments)


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
    counted = count(body)
    assert (counted.encoding, counted.segments) == (Encoding.UCS2, segments)


@pytest.mark.parametrize(
    ("body", "segments"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}" * 160, 1),
        # The extension table: two septets each.
        ("\N{EURO SIGN}" * 80, 1),
        ("\N{EURO SIGN}" * 81, 2),
        ("[" * 80 + "a", 2),
        # 306 septets, but the escape at the end of the first part takes its character along.
        ("a" * 152 + "{" + "a" * 152, 3),
        ("a" * 151 + "{" + "a" * 153, 2),
    ],
)
def test_gsm7_segments_are_counted_for_information(body: str, segments: int) -> None:
    assert count(body).gsm7_segments == segments


@pytest.mark.parametrize("outside", ["`", "\t", GRIN, "\N{LATIN SMALL LETTER C WITH CEDILLA}"])
def test_a_body_that_gsm7_cannot_encode_has_no_gsm7_segments(outside: str) -> None:
    assert count(f"hello {outside}").gsm7_segments is None


def test_an_empty_body_and_a_lone_surrogate_can_be_counted() -> None:
    assert count("") == Segmentation(Encoding.ASCII, segments=1, gsm7_segments=1)
    assert count("\ud83d" * 71).segments == 2


@given(st.text(st.characters()))
def test_every_body_has_segments_and_a_longer_one_never_fewer(body: str) -> None:
    assert 1 <= count(body).segments <= count(f"{body}a").segments
