"""How many masked numbers a pool needs, and when they run out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from conversation_service.domain.model.pool import Pool

# Hourly samples. Less than a day's do not show a trend.
LEAST_SAMPLES = 24

# An exhaustion further away than this is not forecast.
HORIZON = timedelta(days=365)

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CapacityReport:
    """The use of a pool's numbers; `exhaustion_time` is None if none is foreseen."""

    available_numbers: int
    live_conversations: int
    max_held: int
    needed_numbers: int
    exhaustion_time: datetime | None


def capacity_report(
    pool: Pool, live: int, max_held: int, history: Sequence[tuple[datetime, int]], now: datetime
) -> CapacityReport:
    """`history` is the maximum of live conversations of one person, hour by hour, oldest first.

    Each conversation of a person needs a number of its own. So the pool is exhausted when one
    person has a conversation on every available number.
    """
    available = sum(number.accepts_new and not number.is_reserved for number in pool.numbers)
    return CapacityReport(
        available_numbers=available,
        live_conversations=live,
        max_held=max_held,
        needed_numbers=max_held + 1,
        exhaustion_time=_exhaustion_time(available, max_held, history, now),
    )


def _exhaustion_time(
    available: int, max_held: int, history: Sequence[tuple[datetime, int]], now: datetime
) -> datetime | None:
    if max_held >= available:
        return now
    growth = _growth_per_hour(history)
    if growth <= 0:
        return None
    hours = (available - max_held) / growth
    return now + timedelta(hours=hours) if hours < HORIZON / _HOUR else None


def _growth_per_hour(history: Sequence[tuple[datetime, int]]) -> float:
    """The slope of the linear regression (least squares)."""
    if len(history) < LEAST_SAMPLES:
        return 0.0
    start = history[0][0]
    hours = [(time - start) / _HOUR for time, _ in history]
    counts = [float(count) for _, count in history]
    mean_hour, mean_count = sum(hours) / len(hours), sum(counts) / len(counts)
    variance = sum((hour - mean_hour) ** 2 for hour in hours)
    covariance = sum(
        (hour - mean_hour) * (count - mean_count) for hour, count in zip(hours, counts, strict=True)
    )
    return covariance / variance if variance else 0.0
