"""How many numbers a pool needs, and when they run out."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.model.capacity import HORIZON, LEAST_SAMPLES, capacity_report
from conversation_service.domain.model.pool import MaskedNumber, NumberState
from support.builders.decisions import NOW, pool_with

HOUR = timedelta(hours=1)
TEN = tuple(MaskedNumber(f"+1206555010{digit}") for digit in range(10))

History = list[tuple[datetime, int]]


def hourly(*max_held: int) -> History:
    """Samples up to now, the last one an hour ago."""
    start = NOW - len(max_held) * HOUR
    return [(start + hour * HOUR, count) for hour, count in enumerate(max_held)]


def exhaustion(max_held: int, history: History) -> datetime | None:
    return capacity_report(pool_with(numbers=TEN), 0, max_held, history, NOW).exhaustion_time


def test_a_pool_needs_one_number_more_than_any_person_holds() -> None:
    report = capacity_report(pool_with(numbers=TEN), 23, 4, [], NOW)
    assert (report.live_conversations, report.max_held) == (23, 4)
    assert (report.available_numbers, report.needed_numbers) == (10, 5)
    assert capacity_report(pool_with(numbers=TEN), 0, 0, [], NOW).needed_numbers == 1


def test_reserved_and_draining_numbers_are_not_available() -> None:
    numbers = (
        *TEN[:3],
        MaskedNumber("+12065550111", is_reserved=True),
        MaskedNumber("+12065550112", NumberState.DRAINING),
    )
    assert capacity_report(pool_with(numbers=numbers), 0, 0, [], NOW).available_numbers == 3


def test_a_pool_is_exhausted_now_if_a_person_holds_all_its_numbers() -> None:
    assert exhaustion(10, []) == exhaustion(11, []) == NOW
    assert exhaustion(9, []) is None


def test_steady_growth_is_extrapolated() -> None:
    # One more every four hours: six are left, so 24 hours.
    forecast = exhaustion(4, hourly(*(hour // 4 for hour in range(-32, 0))))
    assert forecast is not None
    assert abs(forecast - (NOW + 24 * HOUR)) < HOUR


def test_growth_is_measured_over_all_samples_by_their_times() -> None:
    # Ups and downs around one more a day; a day in the middle was not sampled.
    samples = enumerate(hourly(*[0] * 240))
    history = [(time, hour // 24 + hour % 2) for hour, (time, _) in samples]
    forecast = exhaustion(5, history[:100] + history[124:])
    assert forecast is not None
    assert abs(forecast - (NOW + 5 * 24 * HOUR)) < 12 * HOUR


def test_without_growth_or_enough_samples_there_is_no_forecast() -> None:
    for history in [
        hourly(*[3] * 100),
        hourly(*range(100, 0, -1)),
        hourly(*range(LEAST_SAMPLES - 1)),
        [(NOW, count) for count in range(LEAST_SAMPLES)],
        [],
    ]:
        assert exhaustion(3, history) is None, history
    assert exhaustion(3, hourly(*range(LEAST_SAMPLES))) == NOW + 7 * HOUR


def test_an_exhaustion_beyond_the_horizon_is_not_forecast() -> None:
    # Seven are left, and one more is held after so many hours: just less than a year, and more.
    for hours, is_near in ((1_251, True), (1_252, False)):
        history = [
            (NOW - (LEAST_SAMPLES - count) * hours * HOUR, count) for count in range(LEAST_SAMPLES)
        ]
        assert (exhaustion(3, history) is not None) is is_near


@given(st.lists(st.integers(0, 12), max_size=60), st.integers(0, 12))
def test_a_forecast_is_never_in_the_past_or_beyond_the_horizon(
    held: list[int], max_held: int
) -> None:
    forecast = exhaustion(max_held, hourly(*held))
    assert forecast is None or NOW <= forecast <= NOW + HORIZON
