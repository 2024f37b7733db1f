from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.measuring.load import _intended, _length, _request
from bench.measuring.people import people
from bench.measuring.stats import Spread, percentile, ratios
from conversation_service.domain.model.participants import is_e164

FINITE = st.floats(min_value=0.001, max_value=1e6)


@pytest.mark.parametrize(("percent", "value"), [(50, 2), (99, 4), (100, 4), (1, 1)])
def test_a_percentile_is_a_value_that_occurred(percent: float, value: float) -> None:
    assert percentile([4, 1, 3, 2], percent) == value


@given(st.lists(FINITE, min_size=1), st.floats(min_value=1, max_value=100))
def test_so_many_percent_do_not_exceed_a_percentile(values: list[float], percent: float) -> None:
    result = percentile(values, percent)
    within = sum(value <= result for value in values)
    assert within >= len(values) * percent / 100
    assert result in values


@pytest.mark.parametrize(
    ("ours", "theirs", "ratio"), [(0.0, 0.0, 1.0), (0.0, 2.0, 0.0), (2.0, 0.0, float("inf"))]
)
def test_a_figure_may_be_zero(ours: float, theirs: float, ratio: float) -> None:
    """A process may use less CPU time than the clock resolves."""
    assert ratios([ours], [theirs]) == Spread(ratio, ratio, ratio)


def test_all_numbers_are_distinct_and_fictional() -> None:
    numbers = list(islice(people(), 2000))
    assert len(set(numbers)) == 2000
    assert all(is_e164(number) and number[5:10] == "55501" for number in numbers)


def test_an_open_loop_keeps_its_rate_whatever_happens() -> None:
    assert list(islice(_intended(1000, 500.0), 3)) == [1000, 2_001_000, 4_001_000]
    assert list(islice(_intended(1000, None), 2)) == [None, None]


def test_a_request_says_how_long_its_body_is() -> None:
    head, _, body = _request("gateway", "/api/message", "hällo").partition(b"\r\n\r\n")
    assert _length(head) == len(body) == 6
