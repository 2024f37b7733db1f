"""The one exponential delay: retries and failing loops wait longer after each failure."""

import random


def backoff(attempt: int, first: float, longest: float, jitter: float = 0.0) -> float:
    """Seconds to wait after failure number `attempt`, which counts from 1.

    The delay is `first` after failure 1, doubles with each further one, and never exceeds
    `longest`. `jitter` between 0 and 1 is the share of the delay that is random: the result lies
    between `(1 - jitter) * delay` and `delay`, so that replicas that failed together do not retry
    together. With 0 the result is exact.
    """
    # Beyond 2 ** 62 every delay in use is at its limit; a float would overflow at 2 ** 1024.
    delay = min(first * 2.0 ** min(max(attempt, 1) - 1, 62), longest)
    return delay * (1.0 - jitter * random.random()) if jitter else delay
