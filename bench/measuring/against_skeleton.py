"""Measures Maskline beside a skeleton of the same hops and a stand-in of flowroute/sms-proxy."""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.measuring import memory
from bench.measuring.counts import Counts, count
from bench.measuring.memory import Kind
from bench.measuring.results import Load, Results
from bench.measuring.run import Run, assert_nothing_else_arrived, inbound, run
from bench.measuring.turns import rotated
from bench.options import Options
from bench.systems.conversations import connect_people
from bench.systems.start import (
    Carrier,
    System,
    start_maskline,
    start_skeleton,
    start_sms_proxy,
)
from bench.systems.variants import Variant

# Names of one length, since they are part of every body.
MASKLINE, OTHER, SKELETON, SMS_PROXY = "maskline", "other-co", "skeleton", "sms-proxy"

SLOW_MS = 100


@dataclass(frozen=True, slots=True)
class Measured:
    """All measurements; what is not compared with the skeleton, by deployment of Maskline."""

    results: Results = field(default_factory=Results)
    conversation_bytes: dict[str, float] = field(default_factory=dict)
    text_bytes: dict[str, list[Kind]] = field(default_factory=dict)
    counts: dict[str, Counts] = field(default_factory=dict)

    @property
    def deployments(self) -> list[str]:
        """Maskline, and the other checkout if there is one."""
        return list(self.counts)


def measure(options: Options) -> Measured:
    """Starts the systems, measures them in turn, and stops them."""
    measured = Measured()
    variants = [Variant(MASKLINE)]
    if options.against:
        python = str((options.against / ".venv/bin/python").absolute())
        variants.append(Variant(OTHER, python=python))
    with tempfile.TemporaryDirectory() as directory, ExitStack() as resources:
        folder, carrier = Path(directory), Carrier.start(resources)
        for variant in variants:
            measured.counts[variant.name] = _counts(options, carrier, folder, variant)
        deployments = [start_maskline(resources, carrier, folder, each) for each in variants]
        systems = [
            *deployments,
            start_skeleton(resources, carrier, folder),
            start_sms_proxy(resources, carrier, folder, options.conversations),
        ]
        for system in deployments:
            measured.conversation_bytes[system.name] = memory.of_conversations(
                system, carrier, options.conversations
            )
        for system in systems:
            run(system, carrier, options.texts // 2)
        for number in range(options.repetitions):
            _round(options, carrier, rotated(systems, number), measured.results, number)
        assert_nothing_else_arrived(carrier)
        for system in deployments:
            measured.text_bytes[system.name] = memory.of_texts(system, carrier, options.texts // 4)
    return measured


def _counts(options: Options, carrier: Carrier, folder: Path, variant: Variant) -> Counts:
    """Counted in a deployment of its own, since counting takes time."""
    counted = replace(variant, name=f"{variant.name}-counted", counts_calls=True)
    with ExitStack() as resources:
        system = start_maskline(resources, carrier, folder, counted)
        connect_people(system, carrier, options.conversations // 20)
        return count(system, carrier, options.counted_seconds)


def _round(
    options: Options, carrier: Carrier, systems: list[System], results: Results, number: int
) -> None:
    # sms-proxy has nothing to accept without sending, and is measured in bursts alone.
    paced = [system for system in systems if system.name != SMS_PROXY]
    deployments = [system for system in paced if system.name != SKELETON]
    for system in paced:
        results.add(system.name, Load.INBOUND, inbound(system, carrier, options.texts))
    for system in systems:
        results.add(system.name, Load.BURST, run(system, carrier, options.texts))
    delivered = {
        system.name: results.runs(system.name, Load.BURST)[-1].delivered_per_second
        for system in systems
    }
    for system in paced:
        half = _open_loop(options, carrier, system, delivered[SKELETON] / 2, number)
        results.add(system.name, Load.SKELETON_HALF, half)
    for system in deployments:
        own_half = _open_loop(options, carrier, system, delivered[MASKLINE] / 2, number)
        results.add(system.name, Load.OWN_HALF, own_half)
    carrier.delay(SLOW_MS)
    for system in deployments:
        results.add(system.name, Load.SLOW_CARRIER, run(system, carrier, options.texts))
    carrier.delay(0)


def _open_loop(options: Options, carrier: Carrier, system: System, rate: float, seed: int) -> Run:
    return run(system, carrier, int(rate * options.seconds), rate, seed)
