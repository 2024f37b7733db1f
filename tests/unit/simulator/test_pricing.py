"""Encoding, segments and prices."""

import pytest

from simulator.pricing import dollars, message_encoding, price, segment_count


@pytest.mark.parametrize(
    ("body", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 280, 2),
        ("a" * 281, 3),
        ("é" * 70, 1),
        ("é" * 71, 2),
        # An emoji is two UTF-16 units.
        ("\N{GRINNING FACE}" * 35, 1),
        ("\N{GRINNING FACE}" * 36, 2),
    ],
)
def test_segments_follow_flowroutes_message_length_page(body: str, segments: int) -> None:
    assert segment_count(body) == segments


def test_the_encoding_is_0_for_ascii_and_8_for_all_else() -> None:
    assert (message_encoding("hello"), message_encoding("é")) == (0, 8)


def test_an_sms_costs_its_segments_and_an_mms_is_one_piece() -> None:
    sms, mms = price("a" * 161, is_mms=False), price("a" * 1000, is_mms=True)
    assert (sms.nanodollars, mms.nanodollars) == (8_000_000, 19_500_000)
    assert (dollars(sms.nanodollars), dollars(mms.nanodollars)) == ("0.0080", "0.0195")
