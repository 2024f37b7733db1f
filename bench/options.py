"""What a person may choose of the benchmark."""

import argparse
from dataclasses import dataclass, replace

SKELETON, PRICE = "skeleton", "price"
PARTS = (SKELETON, PRICE)


@dataclass(frozen=True, slots=True)
class Options:
    """How much is measured."""

    parts: tuple[str, ...] = PARTS
    # Fewer where the time is over before.
    rounds: int = 7
    # Of the rounds of each part. Starting, connecting people and a last look come on top: with
    # both parts the whole run takes some six minutes.
    seconds_for_rounds: float = 100.0
    # In a burst.
    texts: int = 1500
    # Length of the open loop.
    seconds: float = 3.0
    # That live while it is measured.
    conversations: int = 1000


QUICK = Options(rounds=1, texts=800, seconds=1.0, conversations=200)


def read() -> Options:
    """From the command line."""
    parser = argparse.ArgumentParser(prog="bench", description="Figures of Maskline.")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help="skeleton, price; both unless told"
    )
    parser.add_argument("--rounds", type=int, help="at most so many, whatever time they take")
    parser.add_argument("--quick", action="store_true", help="one short round of each part")
    given = parser.parse_args()
    if not set(given.parts) <= set(PARTS):
        parser.error(f"PART must be one of {', '.join(PARTS)}")
    return chosen(tuple(given.parts), given.rounds, is_quick=given.quick)


def chosen(parts: tuple[str, ...], rounds: int | None, *, is_quick: bool) -> Options:
    """What was asked for; a number of rounds that somebody asks for is not cut short."""
    options = replace(QUICK if is_quick else Options(), parts=parts or PARTS)
    if rounds is None:
        return options
    return replace(options, rounds=rounds, seconds_for_rounds=float("inf"))
