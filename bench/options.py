"""Command line options of the benchmark."""

import argparse
from dataclasses import dataclass, replace

SKELETON, PRICE = "skeleton", "price"
PARTS = (SKELETON, PRICE)


@dataclass(frozen=True, slots=True)
class Options:
    """How much is measured."""

    parts: tuple[str, ...] = PARTS
    # At most; fewer if `seconds_for_repetitions` is over.
    repetitions: int = 7
    # For the repetitions of each part, without set-up. Both parts take some six minutes.
    seconds_for_repetitions: float = 100.0
    # Messages in a burst.
    texts: int = 1500
    # Duration of the open loop.
    seconds: float = 3.0
    # Live conversations during the measurement.
    conversations: int = 1000


QUICK = Options(repetitions=1, texts=800, seconds=1.0, conversations=200)


def read() -> Options:
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="bench", description="Figures of Maskline.")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help="skeleton or price (default: both)"
    )
    parser.add_argument(
        "--repetitions", type=int, help="number of repetitions, without a time limit"
    )
    parser.add_argument("--quick", action="store_true", help="one short round of each part")
    arguments = parser.parse_args()
    if not set(arguments.parts) <= set(PARTS):
        parser.error(f"PART must be one of {', '.join(PARTS)}")
    return chosen(tuple(arguments.parts), arguments.repetitions, is_quick=arguments.quick)


def chosen(parts: tuple[str, ...], repetitions: int | None, *, is_quick: bool) -> Options:
    """The options; a chosen number of repetitions has no time limit."""
    options = replace(QUICK if is_quick else Options(), parts=parts or PARTS)
    if repetitions is None:
        return options
    return replace(options, repetitions=repetitions, seconds_for_repetitions=float("inf"))
