"""Measures Maskline against a skeleton of the same hops."""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.measuring import memory
from bench.measuring.measure import assert_nothing_else_arrived, inbound, run
from bench.measuring.repetitions import repetitions_within
from bench.options import Options
from bench.reports.skeleton import Round
from bench.systems.start import Carrier, System, start_maskline, start_skeleton
from bench.systems.variants import Variant


@dataclass(frozen=True, slots=True)
class Comparison:
    """The measurements."""

    repetitions: list[Round]
    # Accepted callbacks a second with a carrier that takes 100 ms, against a fast one.
    slow_carrier: float
    conversation_bytes: float
    text_bytes: float


def measure(options: Options) -> Comparison:
    """Starts both systems, measures them alternately, and stops them."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as resources:
        carrier = Carrier.start(resources)
        skeleton = start_skeleton(resources, carrier, Path(directory))
        maskline = start_maskline(resources, carrier, Path(directory), Variant("maskline"))
        return _compare(options, carrier, maskline, skeleton)


def _compare(options: Options, carrier: Carrier, maskline: System, skeleton: System) -> Comparison:
    conversation_bytes = memory.of_conversations(maskline, carrier, options.conversations)
    for system in (maskline, skeleton):
        run(system, carrier, options.texts // 2)
    repetitions = repetitions_within(
        options.seconds_for_repetitions,
        options.repetitions,
        lambda _: _round(options, carrier, maskline, skeleton),
    )
    fast = run(maskline, carrier, options.texts).accepted_per_second
    carrier.delay(100)
    slow = run(maskline, carrier, options.texts).accepted_per_second
    carrier.delay(0)
    assert_nothing_else_arrived(carrier)
    text_bytes = memory.of_texts_under_way(maskline, options.texts // 4)
    return Comparison(repetitions, slow / fast, conversation_bytes, text_bytes)


def _round(options: Options, carrier: Carrier, maskline: System, skeleton: System) -> Round:
    ours, theirs = (inbound(system, carrier, options.texts) for system in (maskline, skeleton))
    burst, their_burst = (run(system, carrier, options.texts) for system in (maskline, skeleton))
    rate = their_burst.delivered_per_second / 2
    number = int(rate * options.seconds)
    half, their_half = (run(system, carrier, number, rate) for system in (maskline, skeleton))
    return Round(ours, theirs, burst, their_burst, half, their_half)
