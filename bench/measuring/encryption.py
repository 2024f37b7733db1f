"""Measures the cost of encryption with three deployments that differ only in it."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.measuring import memory
from bench.measuring.results import Results
from bench.measuring.turns import compare
from bench.options import Options
from bench.systems.redis_servers import with_tls
from bench.systems.start import Carrier, start_maskline
from bench.systems.variants import variants


@dataclass(frozen=True, slots=True)
class Encryption:
    """The measurements, by the variants' names."""

    # Empty if no server on this machine supports TLS: then only the gRPC links are encrypted.
    redis_server: str
    results: Results
    conversation_bytes: Mapping[str, float]


def measure(options: Options) -> Encryption:
    """Starts all variants, measures them in turn, and stops them."""
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
        return Encryption(server, compare(options, carrier, systems), conversation_bytes)
