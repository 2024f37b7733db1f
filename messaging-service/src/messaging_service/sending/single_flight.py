"""Work that outlives whoever asked for it, and is done once for all who ask."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from datetime import timedelta
from functools import partial
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger()

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """Runs coroutines that are not cancelled with their callers, so many at a time."""

    def __init__(self, limit: int) -> None:
        """Whoever comes when `limit` are in the air waits, and may give up waiting."""
        self._slots = asyncio.Semaphore(limit)
        self._in_air: dict[Hashable, asyncio.Task[Result]] = {}

    async def join(
        self, key: Hashable, launch: Callable[[], Coroutine[None, None, Result]]
    ) -> Result:
        """The result of the flight with this key, launched unless it is in the air already."""
        await self._slots.acquire()
        return await asyncio.shield(self._joined(key, launch))

    async def land(self, within: timedelta) -> int:
        """Waits for all that is in the air, and answers how many are still there after that."""
        if not self._in_air:
            return 0
        _, still = await asyncio.wait(self._in_air.values(), timeout=within.total_seconds())
        return len(still)

    def _joined(
        self, key: Hashable, launch: Callable[[], Coroutine[None, None, Result]]
    ) -> asyncio.Task[Result]:
        flight = self._in_air.get(key)
        if flight is not None:
            self._slots.release()
            return flight
        flight = self._in_air[key] = asyncio.create_task(launch())
        flight.add_done_callback(partial(self._landed, key))
        return flight

    def _landed(self, key: Hashable, flight: asyncio.Task[Result]) -> None:
        del self._in_air[key]
        self._slots.release()
        error = None if flight.cancelled() else flight.exception()
        if error is not None:
            # Its callers may have gone; somebody has to hear of it.
            log.warning("send_failed", error=type(error).__name__)
