"""Single flight: concurrent calls with one key share a task, which outlives its callers."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from datetime import timedelta
from functools import partial
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger()

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """Runs a limited number of tasks at a time. Cancelling a caller does not cancel its task."""

    def __init__(self, limit: int) -> None:
        """Callers beyond the limit wait, and may be cancelled while they do."""
        self._slots = asyncio.Semaphore(limit)
        self._in_flight: dict[Hashable, asyncio.Task[Result]] = {}

    async def run(
        self, key: Hashable, start: Callable[[], Coroutine[None, None, Result]]
    ) -> Result:
        """The result of the task with this key, which is started unless it runs already."""
        await self._slots.acquire()
        return await asyncio.shield(self._task(key, start))

    async def drain(self, within: timedelta) -> int:
        """Waits for all tasks; returns how many still run after the time."""
        if not self._in_flight:
            return 0
        _, pending = await asyncio.wait(self._in_flight.values(), timeout=within.total_seconds())
        return len(pending)

    def _task(
        self, key: Hashable, start: Callable[[], Coroutine[None, None, Result]]
    ) -> asyncio.Task[Result]:
        task = self._in_flight.get(key)
        if task is not None:
            self._slots.release()
            return task
        task = self._in_flight[key] = asyncio.create_task(start())
        task.add_done_callback(partial(self._done, key))
        return task

    def _done(self, key: Hashable, task: asyncio.Task[Result]) -> None:
        del self._in_flight[key]
        self._slots.release()
        error = None if task.cancelled() else task.exception()
        if error is not None:
            # The callers may be gone, so the error is logged here.
            log.warning("send_failed", error=type(error).__name__)
