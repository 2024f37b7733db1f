from itertools import islice, pairwise
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.measuring.load import _intended, _length, _request
from bench.measuring.memory import kind_of
from bench.measuring.people import people
from bench.measuring.results import Load, Results
from bench.measuring.run import Run
from bench.measuring.stats import Spread, percentile, ratios
from bench.measuring.turns import rotated
from bench.systems.start import System
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
    assert list(islice(_intended(1000, 500.0, None), 3)) == [1000, 2_001_000, 4_001_000]
    assert list(islice(_intended(1000, None, 7), 2)) == [None, None]


def test_arrivals_are_random_the_same_for_every_system_and_of_the_given_rate() -> None:
    times = [list(islice(_intended(0, 500.0, seed), 10_000)) for seed in (7, 7, 8)]
    assert times[0] == times[1] != times[2]
    gaps = [later - earlier for earlier, later in pairwise(filter(None, times[0]))]
    assert mean(gaps) == pytest.approx(2e6, rel=0.05)
    # Intervals of independent arrivals vary as much as they are long.
    assert stdev(gaps) == pytest.approx(2e6, rel=0.05)


def test_samples_are_pooled_over_the_rounds() -> None:
    """A p99 of each round's few samples would be their worst."""
    results = Results()
    for round_number in range(5):
        slow, fast = ([0.0] * 39 + [float(worst)] for worst in (10 * round_number, round_number))
        for system, values in (("slow", slow), ("fast", fast)):
            made = Run(1.0, 1.0, [1.0 + value for value in values], values, {}, 1.0)
            results.add(system, Load.OWN_HALF, made)
    assert results.latency("slow", Load.OWN_HALF, "to_answer_ms", 99) == Spread(21.0, 1.0, 41.0)
    ratio = results.latency_ratio("slow", "fast", Load.OWN_HALF, "to_answer_ms", 99)
    assert ratio == Spread(21.0 / 3.0, 1.0, 41.0 / 5.0)


def test_each_system_is_first_in_turn() -> None:
    systems = [System(name, "", {}) for name in "abc"]
    orders = ["".join(system.name for system in rotated(systems, number)) for number in range(4)]
    assert orders == ["abc", "bca", "cab", "abc"]


@pytest.mark.parametrize(
    ("key", "kind"),
    [(b"ml1:{main}:m:1:2", "m"), (b"ml1:{main}:outbox", "outbox"),
     (b"elsewhere", "other")],
)  # fmt: skip
def test_bytes_are_grouped_by_the_kind_of_key(key: bytes, kind: str) -> None:
    assert kind_of(key) == kind


def test_a_request_says_how_long_its_body_is() -> None:
    head, _, body = _request("gateway", "/api/message", "hällo").partition(b"\r\n\r\n")
    assert _length(head) == len(body) == 6
