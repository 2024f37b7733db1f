"""How many numbers a pool needs, and when they run out."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.model.capacity import HORIZON, LEAST_SAMPLES, capacity_report
from conversation_service.domain.model.pool import MaskedNumber, NumberState
from support.decisions import NOW, pool_with

HOUR = timedelta(hours=1)
TEN = tuple(MaskedNumber(f"+1206555010{at}") for at in range(10))

History = list[tuple[datetime, int]]


def hourly(*max_held: int) -> History:
    """Samples up to now, the last one an hour ago."""
    begin = NOW - len(max_held) * HOUR
    return [(begin + at * HOUR, most) for at, most in enumerate(max_held)]


def exhaustion(max_held: int, history: History) -> datetime | None:
    return capacity_report(pool_with(numbers=TEN), 0, max_held, history, NOW).exhaustion_time


def test_a_pool_needs_a_number_more_than_any_one_person_holds() -> None:
    advice = capacity_report(pool_with(numbers=TEN), 23, 4, [], NOW)
    assert (advice.live_conversations, advice.max_held) == (23, 4)
    assert (advice.available_numbers, advice.needed_numbers) == (10, 5)
    assert capacity_report(pool_with(numbers=TEN), 0, 0, [], NOW).needed_numbers == 1


def test_only_numbers_that_are_given_without_being_asked_for_are_available() -> None:
    numbers = (
        *TEN[:3],
        MaskedNumber("+12065550111", is_reserved=True),
        MaskedNumber("+12065550112", NumberState.DRAINING),
    )
    assert capacity_report(pool_with(numbers=numbers), 0, 0, [], NOW).available_numbers == 3


@pytest.mark.parametrize("max_held", [10, 11])
def test_a_pool_whose_numbers_somebody_holds_all_of_is_exhausted_now(max_held: int) -> None:
    assert exhaustion(max_held, []) == NOW
    assert exhaustion(9, []) is None


def test_steady_growth_points_to_when_the_numbers_run_out() -> None:
    # One more every four hours: six are left, so 24 hours.
    history = hourly(*(at // 4 for at in range(-32, 0)))
    forecast = exhaustion(4, history)
    assert forecast is not None
    assert abs(forecast - (NOW + 24 * HOUR)) < HOUR


def test_growth_is_measured_over_all_samples_and_by_the_hour_they_were_taken() -> None:
    # Ups and downs around one more a day; a day in the middle was not sampled.
    history = [(time, day // 24 + day % 2) for day, (time, _) in enumerate(hourly(*[0] * 240))]
    forecast = exhaustion(5, history[:100] + history[124:])
    assert forecast is not None
    assert abs(forecast - (NOW + 5 * 24 * HOUR)) < 12 * HOUR


@pytest.mark.parametrize(
    "history",
    [
        hourly(*[3] * 100),
        hourly(*range(100, 0, -1)),
        hourly(*range(LEAST_SAMPLES - 1)),
        [(NOW, at) for at in range(LEAST_SAMPLES)],
        [],
    ],
)
def test_what_is_flat_or_shrinks_or_too_new_points_nowhere(history: History) -> None:
    assert exhaustion(3, history) is None


def test_as_many_samples_as_a_day_has_hours_are_enough() -> None:
    assert exhaustion(3, hourly(*range(LEAST_SAMPLES))) == NOW + 7 * HOUR


def test_what_lies_beyond_the_horizon_is_no_forecast() -> None:
    # Seven are left, and one more is held after so many hours: just less than a year, and more.
    for hours, is_near in ((1_251, True), (1_252, False)):
        history = [(NOW - (LEAST_SAMPLES - at) * hours * HOUR, at) for at in range(LEAST_SAMPLES)]
        assert (exhaustion(3, history) is not None) is is_near


@given(st.lists(st.integers(0, 12), max_size=60), st.integers(0, 12))
def test_a_forecast_never_lies_in_the_past_or_beyond_the_horizon(
    held: list[int], max_held: int
) -> None:
    forecast = exhaustion(max_held, hourly(*held))
    assert forecast is None or NOW <= forecast <= NOW + HORIZON
