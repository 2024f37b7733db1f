"""Percentiles, medians and ratios."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf
from statistics import median


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


@dataclass(frozen=True)
class Spread:
    """The median and range of a figure over several repetitions."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Requires at least one value."""
        return cls(median(values), min(values), max(values))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Our figures relative to theirs, round by round."""
    return Spread.of([_ratio(our, their) for our, their in zip(ours, theirs, strict=True)])


def _ratio(our: float, their: float) -> float:
    """Two zeros are equal (1); a figure is infinitely larger than zero."""
    if their:
        return our / their
    return inf if our else 1.0
