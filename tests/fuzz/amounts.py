"""How much is tried: the same each time in a run of all tests, more and other in `make fuzz`."""

import os

from hypothesis import HealthCheck, settings

# So many times as much as a run of all tests can afford.
TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
IS_LONG = "FUZZ_TIMES" in os.environ


def trying(examples: int) -> settings:
    """So many examples of a test, or so many times as many."""
    return settings(
        max_examples=examples * TIMES,
        deadline=None,
        derandomize=not IS_LONG,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
