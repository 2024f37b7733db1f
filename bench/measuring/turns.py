"""Measures systems in turn, round by round."""

from collections.abc import Sequence

from bench.measuring.results import Load, Results
from bench.measuring.run import assert_nothing_else_arrived, run
from bench.options import Options
from bench.systems.start import Carrier, System


def rotated(systems: Sequence[System], number: int) -> list[System]:
    """Another system is first in each round, so that a changing machine favours none."""
    first = number % len(systems)
    return [*systems[first:], *systems[:first]]


def compare(options: Options, carrier: Carrier, systems: Sequence[System]) -> Results:
    """A burst, and an open loop at half of the slowest one's rate, the same for all."""
    results = Results()
    for system in systems:
        run(system, carrier, options.texts // 2)
    for number in range(options.repetitions):
        for system in rotated(systems, number):
            results.add(system.name, Load.BURST, run(system, carrier, options.texts))
        bursts = [results.runs(system.name, Load.BURST)[-1] for system in systems]
        rate = min(burst.delivered_per_second for burst in bursts) / 2
        for system in rotated(systems, number):
            half = run(system, carrier, int(rate * options.seconds), rate, number)
            results.add(system.name, Load.SLOWEST_HALF, half)
    assert_nothing_else_arrived(carrier)
    return results
