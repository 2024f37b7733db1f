"""Runs the background loops of a service."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from runtime.backoff import backoff

log = structlog.get_logger()

# Short after a first failure, as most outages are; bounded, so that a loop returns soon after one.
FIRST_DELAY_SECONDS = 0.1

LONGEST_DELAY_SECONDS = 5.0


async def run_forever(name: str, run_once: Callable[[], Awaitable[float]]) -> None:
    """Calls `run_once` until it is cancelled.

    `run_once` returns the seconds to wait before the next call. If it raises, the delay grows with
    each failure in a row.
    """
    failures = 0
    while True:
        try:
            delay = await run_once()
            failures = 0
        except Exception as error:
            failures += 1
            # The message of an exception may hold personal data, so only its type is logged.
            log.warning("loop_failed", loop=name, error=type(error).__name__, failures=failures)
            delay = backoff(failures, FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS, jitter=0.5)
        _raise_if_cancelled()
        await asyncio.sleep(delay)


def _raise_if_cancelled() -> None:
    """Before Python 3.12 `asyncio.wait_for`, which redis-py uses, may swallow a cancellation."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
