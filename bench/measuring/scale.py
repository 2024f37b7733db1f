"""Measures Maskline with few and with many live conversations, beside each other."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.measuring.results import Results
from bench.measuring.turns import compare
from bench.options import Options
from bench.systems.conversations import connect_people, write_copies
from bench.systems.start import Carrier, start_maskline
from bench.systems.variants import Variant

# Names of one length, since they are part of every body.
FEW, MANY = "few-live", "all-live"


def measure(options: Options) -> Results:
    """As many people text in both; the other conversations of the second are silent."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as resources:
        carrier = Carrier.start(resources)
        few, many = (
            start_maskline(resources, carrier, Path(directory), Variant(name))
            for name in (FEW, MANY)
        )
        for system in (few, many):
            connect_people(system, carrier, options.conversations)
        write_copies(many, options.many_conversations - options.conversations)
        return compare(options, carrier, [few, many])
