"""The runs of all systems, round by round, and the figures taken from them."""

from collections import defaultdict
from collections.abc import Callable
from enum import StrEnum
from typing import Literal

from bench.measuring.run import Run
from bench.measuring.stats import Spread, percentile, ratios


class Load(StrEnum):
    """What is sent in a run."""

    INBOUND = "inbound only"
    BURST = "burst"
    SKELETON_HALF = "half of the skeleton's rate"
    OWN_HALF = "half of Maskline's rate"
    SLOWEST_HALF = "half of the slowest one's rate"
    SLOW_CARRIER = "burst, 100 ms carrier"


OPEN_LOOPS = (Load.SKELETON_HALF, Load.OWN_HALF, Load.SLOWEST_HALF)

Way = Literal["to_answer_ms", "to_carrier_ms"]

Figure = Callable[[Run], float]


class Results:
    """Every run by system and load. The n-th runs of all systems are of one round."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, Load], list[Run]] = defaultdict(list)

    def add(self, system: str, load: Load, run: Run) -> None:
        """Adds the run of the current round."""
        self._runs[system, load].append(run)

    def runs(self, system: str, load: Load) -> list[Run]:
        """The runs of one system, one of each round; none if it was not measured so."""
        return self._runs.get((system, load), [])

    def loads(self, system: str) -> list[Load]:
        """The loads that were measured."""
        return [load for load in Load if self.runs(system, load)]

    def spread(self, system: str, load: Load, figure: Figure) -> Spread:
        """Median and range of a figure."""
        return Spread.of([figure(run) for run in self.runs(system, load)])

    def ratio(self, ours: str, theirs: str, load: Load, figure: Figure) -> Spread:
        """Our figure relative to theirs, within rounds."""
        return ratios(
            [figure(run) for run in self.runs(ours, load)],
            [figure(run) for run in self.runs(theirs, load)],
        )

    def latency(self, system: str, load: Load, way: Way, percent: float) -> Spread:
        """A percentile over the samples of all rounds; the range is that of the rounds'."""
        samples: list[list[float]] = [getattr(run, way) for run in self.runs(system, load)]
        each = [percentile(values, percent) for values in samples]
        pooled = [value for values in samples for value in values]
        return Spread(percentile(pooled, percent), min(each), max(each))

    def latency_ratio(self, ours: str, theirs: str, load: Load, way: Way, percent: float) -> Spread:
        """Our percentile relative to theirs, both over all rounds; the range is the rounds'."""
        our, their = (self.latency(name, load, way, percent) for name in (ours, theirs))
        each = ratios(*(self._each(name, load, way, percent) for name in (ours, theirs)))
        return Spread(our.median / their.median, each.least, each.most)

    def _each(self, system: str, load: Load, way: Way, percent: float) -> list[float]:
        return [percentile(getattr(run, way), percent) for run in self.runs(system, load)]
