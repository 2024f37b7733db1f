"""Numbers of examples: fixed ones in `make test-all`, more and random ones in `make fuzz`."""

import os

from hypothesis import HealthCheck, settings

# Multiplies all numbers.
TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
IS_LONG = "FUZZ_TIMES" in os.environ


def trying(examples: int) -> settings:
    """Settings of a test with so many examples, or a multiple."""
    return settings(
        max_examples=examples * TIMES,
        deadline=None,
        derandomize=not IS_LONG,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
