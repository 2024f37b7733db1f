import pytest

from simulator.pricing import price


@pytest.mark.parametrize(
    ("body", "segments"),
    [("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 280, 2), ("a" * 281, 3), ("é" * 70, 1),
     ("é" * 71, 2), ("\N{GRINNING FACE}" * 35, 1), ("\N{GRINNING FACE}" * 36, 2)],
)  # fmt: skip
def test_segments_follow_flowroutes_message_length_page(body: str, segments: int) -> None:
    assert price(body, is_mms=False).nanodollars == segments * 4_000_000
    assert price(body, is_mms=True).nanodollars == 19_500_000
