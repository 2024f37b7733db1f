from dataclasses import replace

import pytest

from bench.measuring.measure import Figures
from bench.measuring.stats import Spread
from bench.reports.skeleton import Line, Round, lines, systems

SKELETON = Figures(
    accepted_per_second=1000.0,
    delivered_per_second=200.0,
    to_answer_ms=(2.0, 10.0),
    to_carrier_ms=(4.0, 20.0),
    cpu_us={"gateway": 300.0, "valkey": 50.0, "carrier": 77.0, "driver": 66.0},
)
MASKLINE = Figures(
    accepted_per_second=3000.0,
    delivered_per_second=800.0,
    to_answer_ms=(1.0, 5.0),
    to_carrier_ms=(3.0, 30.0),
    cpu_us={"gateway": 100.0, "valkey": 20.0, "carrier": 88.0, "driver": 55.0},
)
ROUND = Round(2600.0, 1000.0, MASKLINE, SKELETON, MASKLINE, SKELETON)


def test_each_figure_is_maskline_against_the_skeleton() -> None:
    result = lines([ROUND], slow_carrier=0.95, conversation_bytes=900.0, text_bytes=500.0)
    assert {line.name: line.value.median for line in result} == pytest.approx(
        {
            "inbound callbacks/s against the skeleton": 2.6,
            "delivered/s against the skeleton": 4.0,
            "p99 callback to 200, half load, against the skeleton": 0.5,
            "p99 callback to carrier, half load, against the skeleton": 1.5,
            "accepted/s with a 100 ms carrier against a fast one": 0.95,
            "bytes a live conversation": 900.0,
            "bytes a text under way": 500.0,
        }
    )


@pytest.mark.parametrize(
    ("value", "at_most", "mark"),
    [(2.0, False, ": met"), (1.99, False, ": NOT met"), (2.0, True, ": met"),
     (2.01, True, ": NOT met")],
)  # fmt: skip
def test_a_target_is_met_from_its_own_side(value: float, at_most: bool, mark: str) -> None:
    assert str(Line("figure", Spread.of([value]), 2.0, at_most)).endswith(mark)


def test_the_median_decides_and_the_range_is_shown() -> None:
    text = str(Line("figure", Spread.of([1.0, 3.0, 5.0]), 2.0))
    assert "3.00  (1.00 .. 5.00)" in text
    assert text.endswith(": met")


def test_a_system_s_cpu_does_not_count_the_carrier_and_rates_are_medians() -> None:
    slower = replace(ROUND, maskline_burst=replace(MASKLINE, delivered_per_second=600.0))
    maskline, skeleton = systems([ROUND, slower, slower])
    assert "gateway 100, valkey 20; together 120" in maskline
    assert "gateway 300, valkey 50; together 350" in skeleton
    assert "delivered/s 600" in maskline
