"""How many masked numbers a pool needs, and when they run out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from conversation_service.domain.model.pool import Pool

# Fewer hours than a day say nothing about where it goes.
LEAST_SAMPLES = 24

# What lies further away is no forecast.
HORIZON = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class CapacityReport:
    """What an operator should know about a pool's numbers."""

    available_numbers: int
    live_conversations: int
    max_held: int
    needed_numbers: int
    exhaustion_time: datetime | None


def capacity_report(
    pool: Pool, live: int, max_held: int, history: Sequence[tuple[datetime, int]], now: datetime
) -> CapacityReport:
    """`history` is the most that one person held, hour by hour, oldest first.

    Each conversation of one person needs a number of its own, so whoever holds the most decides:
    the pool is exhausted when somebody has a conversation on every available number.
    """
    available = sum(one.accepts_new and not one.is_reserved for one in pool.numbers)
    return CapacityReport(
        available_numbers=available,
        live_conversations=live,
        max_held=max_held,
        needed_numbers=max_held + 1,
        exhaustion_time=_exhaustion(available, max_held, history, now),
    )


def _exhaustion(
    available: int, max_held: int, history: Sequence[tuple[datetime, int]], now: datetime
) -> datetime | None:
    if max_held >= available:
        return now
    growth = _growth_per_hour(history)
    if growth <= 0:
        return None
    hours = (available - max_held) / growth
    left = timedelta(hours=hours) if hours < HORIZON / timedelta(hours=1) else None
    return now + left if left is not None else None


def _growth_per_hour(history: Sequence[tuple[datetime, int]]) -> float:
    """The slope of the straight line nearest to all samples (least squares)."""
    if len(history) < LEAST_SAMPLES:
        return 0.0
    begin = history[0][0]
    hours = [(time - begin) / timedelta(hours=1) for time, _ in history]
    held = [float(most) for _, most in history]
    mean_hour, mean_held = sum(hours) / len(hours), sum(held) / len(held)
    spread = sum((hour - mean_hour) ** 2 for hour in hours)
    moved = sum((h - mean_hour) * (m - mean_held) for h, m in zip(hours, held, strict=True))
    return moved / spread if spread else 0.0
