"""Measures the cost of encryption with three deployments that differ only in it."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.measuring import memory
from bench.measuring.measure import Figures, assert_nothing_else_arrived, run
from bench.measuring.repetitions import repetitions_within
from bench.options import Options
from bench.systems.redis_servers import with_tls
from bench.systems.start import Carrier, System, start_maskline
from bench.systems.variants import variants


@dataclass(frozen=True, slots=True)
class Measured:
    """One variant in one round."""

    burst: Figures
    half: Figures


# By the variants' names.
Round = Mapping[str, Measured]


@dataclass(frozen=True, slots=True)
class Price:
    """The measurements."""

    # Empty if no server on this machine supports TLS: then only the gRPC links are encrypted.
    redis_server: str
    repetitions: list[Round]
    conversation_bytes: Mapping[str, float]


def measure(options: Options) -> Price:
    """Starts all variants, measures them alternately, and stops them."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as resources:
        carrier, server = Carrier.start(resources), with_tls()
        systems = [
            start_maskline(resources, carrier, Path(directory), variant)
            for variant in variants(server)
        ]
        # A quarter is enough: the size of each does not depend on their number.
        conversations = options.conversations // 4
        conversation_bytes = {
            system.name: memory.of_conversations(system, carrier, conversations)
            for system in systems
        }
        for system in systems:
            run(system, carrier, options.texts // 2)
        repetitions = repetitions_within(
            options.seconds_for_repetitions,
            options.repetitions,
            lambda number: _round(options, carrier, _rotated(systems, number)),
        )
        assert_nothing_else_arrived(carrier)
        return Price(server, repetitions, conversation_bytes)


def _rotated(systems: list[System], number: int) -> list[System]:
    """Another system is first in each round, so that a changing machine favours none."""
    first = number % len(systems)
    return systems[first:] + systems[:first]


def _round(options: Options, carrier: Carrier, systems: list[System]) -> Round:
    bursts = {system.name: run(system, carrier, options.texts) for system in systems}
    # The same rate for all: latencies at different loads cannot be compared.
    rate = min(burst.delivered_per_second for burst in bursts.values()) / 2
    number = int(rate * options.seconds)
    return {
        system.name: Measured(bursts[system.name], run(system, carrier, number, rate))
        for system in systems
    }
