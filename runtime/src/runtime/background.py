"""How every background loop of a service runs."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

# A failing loop comes back soon after a short outage, and does not hammer what is down.
FIRST_PAUSE_SECONDS = 0.1

LONGEST_PAUSE_SECONDS = 5.0


async def run_forever(name: str, run_once: Callable[[], Awaitable[float]]) -> None:
    """Calls `run_once` until it is cancelled.

    It answers in how many seconds it wants to be called again; after a failure the pause grows.
    """
    failures = 0
    while True:
        try:
            pause = await run_once()
            failures = 0
        except Exception as error:
            failures += 1
            # The text of an exception may repeat what it was about, so only its kind is told.
            log.warning("loop_failed", loop=name, error=type(error).__name__, failures=failures)
            pause = _pause_after(failures)
        _end_if_cancelled()
        await asyncio.sleep(pause)


def _end_if_cancelled() -> None:
    """Before Python 3.12 `asyncio.wait_for`, which redis-py uses, may swallow a cancellation."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _pause_after(failures: int) -> float:
    pause = FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 10)
    # Jitter: replicas that failed together do not come back together.
    return min(pause, LONGEST_PAUSE_SECONDS) * random.uniform(0.5, 1.0)
