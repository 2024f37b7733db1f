"""Command line options of the benchmark."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

SKELETON, ENCRYPTION, SCALE = "skeleton", "encryption", "scale"
PARTS = (SKELETON, ENCRYPTION, SCALE)


@dataclass(frozen=True, slots=True)
class Options:
    """How much is measured."""

    # Without `scale`, which takes gigabytes of memory and some minutes.
    parts: tuple[str, ...] = (SKELETON, ENCRYPTION)
    # Latencies are pooled over the rounds: one round has too few for a p99.
    repetitions: int = 5
    # Messages in a burst.
    texts: int = 1500
    # Duration of an open loop.
    seconds: float = 5.0
    # Duration of the 10 messages a second whose round trips are counted.
    counted_seconds: float = 10.0
    # Live conversations that text.
    conversations: int = 1000
    # Live conversations in the larger deployment of `scale`.
    many_conversations: int = 1_000_000
    # Another checkout with an environment of its own in .venv.
    against: Path | None = None


QUICK = Options(
    repetitions=1,
    texts=400,
    seconds=1.0,
    counted_seconds=2.0,
    conversations=100,
    many_conversations=10_000,
)


def read(arguments: list[str] | None = None) -> Options:
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="bench", description="Figures of Maskline.")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help="skeleton, encryption (default: both) or scale"
    )
    parser.add_argument(
        "--rounds", type=int, dest="repetitions", help="at least 5 for figures that count"
    )
    parser.add_argument("--quick", action="store_true", help="one short round of each part")
    parser.add_argument(
        "--against", type=Path, metavar="PATH", help="measure this checkout of Maskline as well"
    )
    parser.add_argument(
        "--conversations", type=int, metavar="N", help="live conversations of the part scale"
    )
    chosen = parser.parse_args(arguments)
    if not set(chosen.parts) <= set(PARTS):
        parser.error(f"PART must be one of {', '.join(PARTS)}")
    if chosen.against and not (chosen.against / ".venv/bin/python").exists():
        parser.error(f"{chosen.against} has no environment: run `make install` there")
    options = QUICK if chosen.quick else Options()
    return replace(
        options,
        parts=tuple(chosen.parts) or options.parts,
        repetitions=chosen.repetitions or options.repetitions,
        many_conversations=chosen.conversations or options.many_conversations,
        against=chosen.against,
    )
