"""A small benchmark: all systems run, every message arrives, no figure is missing."""

import pytest

from bench.measuring import against_skeleton, measure, price
from bench.options import Options
from bench.reports import price as price_report
from bench.reports import skeleton as report

pytestmark = pytest.mark.slow
SMALL = Options(repetitions=1, texts=40, seconds=1.0, conversations=16)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skips the wait for duplicates, which other tests cover."""
    monkeypatch.setattr(measure, "LATE_SECONDS", 0.0)


def test_the_price_of_encryption_is_measured() -> None:
    result = price.measure(SMALL)
    lines = price_report.lines(result)
    assert all(line.as_it_is > 0 for line in lines if "CPU" not in line.name)
    *_, size = lines
    # Encrypted values are longer.
    assert size.at_rest.median > 1
    assert len(result.repetitions) == 1


def test_maskline_is_measured_beside_the_skeleton() -> None:
    result = against_skeleton.measure(SMALL)
    lines = report.lines(
        result.repetitions, result.slow_carrier, result.conversation_bytes, result.text_bytes
    )
    assert all(line.value.median > 0 for line in lines)
