"""Tables of everything that was measured: of systems side by side, and of their ratios."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.measuring.results import OPEN_LOOPS, Figure, Load, Results, Way
from bench.measuring.stats import Spread
from bench.systems.start import ROLES

NAME, WIDTH = 56, 26

WAYS: dict[Way, str] = {"to_answer_ms": "callback to 200", "to_carrier_ms": "callback to carrier"}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure under one load."""

    load: Load
    name: str
    value: Callable[[Results, str], Spread]
    ratio: Callable[[Results, str, str], Spread]

    def __str__(self) -> str:
        """The row's heading."""
        return f"{self.load}: {self.name}"


def rows(load: Load) -> Iterator[Row]:
    """The rates or latencies of a load, and the CPU time per message, by process."""
    if load in OPEN_LOOPS:
        for way, label in WAYS.items():
            for percent in (50, 99):
                yield _latency(load, way, percent, f"{label}, p{percent} ms")
    else:
        yield _figure(load, "accepted/s", lambda run: run.accepted_per_second)
        if load is not Load.INBOUND:
            yield _figure(load, "delivered/s", lambda run: run.delivered_per_second)
    for role in ROLES:
        yield _figure(load, f"CPU us/text, {role}", _cpu(role))
    yield _figure(load, "CPU us/text, together", lambda run: run.own_cpu_us)
    yield _figure(load, "cores in use", lambda run: run.cores)


def side_by_side(results: Results, systems: Sequence[str]) -> list[str]:
    """Medians of every figure, one column for each system."""
    lines = [f"{'':{NAME}}" + "".join(f"{system:>12}" for system in systems)]
    for load in results.loads(systems[0]):
        measured = [system for system in systems if results.runs(system, load)]
        for row in rows(load):
            values = {system: row.value(results, system).median for system in measured}
            cells = (f"{values[name]:12.1f}" if name in values else f"{'':12}" for name in systems)
            lines.append(f"{row!s:{NAME}}{''.join(cells)}".rstrip())
    return lines


def ratios(results: Results, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, list[Spread]]]:
    """Every figure of the first of each pair relative to the second's."""
    return [
        (str(row), [row.ratio(results, ours, theirs) for ours, theirs in pairs])
        for load in results.loads(pairs[0][0])
        for row in rows(load)
    ]


def ratio_line(name: str, spreads: Sequence[Spread]) -> str:
    """A line of a table of ratios."""
    return f"{name:{NAME}}" + "".join(f"{format_spread(each):{WIDTH}}" for each in spreads).rstrip()


def format_spread(spread: Spread) -> str:
    """The median and, if there are several values, the range."""
    if spread.least == spread.most == spread.median:
        return f"{spread.median:8.2f}"
    return f"{spread.median:8.2f}  ({spread.least:.2f} .. {spread.most:.2f})"


def _figure(load: Load, name: str, figure: Figure) -> Row:
    return Row(
        load,
        name,
        lambda results, system: results.spread(system, load, figure),
        lambda results, ours, theirs: results.ratio(ours, theirs, load, figure),
    )


def _latency(load: Load, way: Way, percent: float, name: str) -> Row:
    return Row(
        load,
        name,
        lambda results, system: results.latency(system, load, way, percent),
        lambda results, ours, theirs: results.latency_ratio(ours, theirs, load, way, percent),
    )


def _cpu(role: str) -> Figure:
    # sms-proxy has no such processes.
    return lambda run: run.cpu_us.get(role, 0.0)
