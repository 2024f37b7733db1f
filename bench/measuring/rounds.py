"""How many rounds a measurement has time for."""

import time
from collections.abc import Callable
from typing import TypeVar

Made = TypeVar("Made")


def rounds_within(
    seconds: float,
    most: int,
    make: Callable[[int], Made],
    clock: Callable[[], float] = time.monotonic,
) -> list[Made]:
    """`make(0)`, `make(1)`, ...: at least one round and at most so many.

    None is begun that would end too late if it took as long as the longest so far.
    """
    begun, longest = clock(), 0.0
    made: list[Made] = []
    while not made or (len(made) < most and clock() - begun + longest <= seconds):
        at = clock()
        made.append(make(len(made)))
        longest = max(longest, clock() - at)
    return made
