"""What encryption costs: three Masklines in turn, alike but for what of theirs is encrypted."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.measuring import memory
from bench.measuring.measure import Figures, assert_nothing_else_arrived, run
from bench.measuring.rounds import rounds_within
from bench.options import Options
from bench.systems.redis_servers import with_tls
from bench.systems.start import Carrier, System, start_maskline
from bench.systems.ways import variants


@dataclass(frozen=True, slots=True)
class Measured:
    """One Maskline in one round."""

    burst: Figures
    half: Figures


# By the names of the ways.
Round = Mapping[str, Measured]


@dataclass(frozen=True, slots=True)
class Price:
    """What was measured; the figures are for `bench.price_report`."""

    # Empty if none on this machine speaks TLS: then only the gRPC links were encrypted.
    redis_server: str
    rounds: list[Round]
    conversation_bytes: Mapping[str, float]


def measure(options: Options) -> Price:
    """Starts all three, measures them in turn, and ends them."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as held:
        carrier, server = Carrier.started(held), with_tls()
        systems = [start_maskline(held, carrier, Path(name), way) for way in variants(server)]
        # A quarter of them: what each takes does not depend on how many there are.
        conversations = options.conversations // 4
        taken = {one.name: memory.of_conversations(one, carrier, conversations) for one in systems}
        for one in systems:
            run(one, carrier, options.texts // 2)
        rounds = rounds_within(
            options.seconds_for_rounds,
            options.rounds,
            lambda number: _round(options, carrier, _turned(systems, number)),
        )
        assert_nothing_else_arrived(carrier)
        return Price(server, rounds, taken)


def _turned(systems: list[System], number: int) -> list[System]:
    """Each comes first in its turn: a machine that tires or warms up favours none."""
    first = number % len(systems)
    return systems[first:] + systems[:first]


def _round(options: Options, carrier: Carrier, systems: list[System]) -> Round:
    bursts = {one.name: run(one, carrier, options.texts) for one in systems}
    # One rate that all three bear: latencies at different loads could not be compared.
    rate = min(burst.delivered_per_second for burst in bursts.values()) / 2
    number = int(rate * options.seconds)
    return {
        one.name: Measured(bursts[one.name], run(one, carrier, number, rate)) for one in systems
    }
