"""Repeats a measurement within a time limit."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def repetitions_within(
    seconds: float,
    most: int,
    measure: Callable[[int], Result],
    clock: Callable[[], float] = time.monotonic,
) -> list[Result]:
    """`measure(0)`, `measure(1)`, ...: at least one round and at most `most`.

    No round starts that would exceed the limit if it took as long as the longest before.
    """
    start, longest = clock(), 0.0
    results: list[Result] = []
    while not results or (len(results) < most and clock() - start + longest <= seconds):
        round_start = clock()
        results.append(measure(len(results)))
        longest = max(longest, clock() - round_start)
    return results
