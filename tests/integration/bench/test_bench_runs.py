"""`make bench` in small: all systems run, every text arrives, no figure is missing."""

import pytest

from bench.measuring import against_skeleton, measure, price
from bench.options import Options
from bench.reports import price as price_report
from bench.reports import skeleton as report

SMALL = Options(rounds=1, texts=40, seconds=1.0, conversations=16)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """For texts that come twice, and late: other tests are about those."""
    monkeypatch.setattr(measure, "LATE_SECONDS", 0.0)


def test_the_price_of_encryption_is_measured() -> None:
    found = price.measure(SMALL)
    lines = price_report.lines(found)
    assert all(line.as_it_is > 0 for line in lines if "CPU" not in line.name)
    *_, taken = lines
    # What is sealed is longer; links take no room in Redis.
    assert taken.at_rest.median > 1
    assert len(found.rounds) == 1


def test_maskline_is_measured_beside_the_skeleton() -> None:
    found = against_skeleton.measure(SMALL)
    lines = report.lines(
        found.rounds, found.slow_carrier, found.conversation_bytes, found.text_bytes
    )
    assert all(line.value.median > 0 for line in lines)
