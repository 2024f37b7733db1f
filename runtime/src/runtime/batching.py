"""Natural batching: whatever waits leaves together as soon as a slot is free.

No timer is involved. At low load a single item leaves at once, alone; under load batches grow by
themselves up to their limit.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from runtime.tracing import spans as tracing

Item = TypeVar("Item")

Result = TypeVar("Result")

Send = Callable[[list[Item]], Awaitable[Sequence[Result]]]

# Who made a caller wait goes along, so that the batch appears in the callers' traces.
_Waiting = tuple[Item, asyncio.Future[Result], tracing.Cause]


class BatcherFull(Exception):
    """More items wait than the limit allows; the caller should be asked to come again."""


class Batcher(Generic[Item, Result]):
    """Collects items of concurrent callers into batches and hands each caller its own result."""

    def __init__(
        self,
        send: Send[Item, Result],
        *,
        batch_limit: int = 64,
        in_flight_limit: int = 2,
        waiting_limit: int = 4096,
    ) -> None:
        """`send` answers one result per item, in order; what it raises reaches every caller."""
        self._send = send
        self._batch_limit = batch_limit
        self._in_flight_limit = in_flight_limit
        self._waiting_limit = waiting_limit
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._in_flight: set[asyncio.Task[None]] = set()

    async def submit(self, item: Item) -> Result:
        """Sends one item with the next batch. Raises CoalescerFull, or what `send` raised."""
        if len(self._waiting) >= self._waiting_limit:
            raise BatcherFull
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, result, tracing.cause()))
        self._launch()
        return await result

    async def drain(self) -> None:
        """Waits until nothing is under way."""
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    def _launch(self) -> None:
        while self._waiting and len(self._in_flight) < self._in_flight_limit:
            task = asyncio.create_task(self._deliver())
            self._in_flight.add(task)
            task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._launch()

    async def _deliver(self) -> None:
        batch = self._take()
        if not batch:
            return
        try:
            with tracing.caused_by([cause for _, _, cause in batch]):
                results = await self._send([item for item, _, _ in batch])
            for (_, future, _), result in zip(batch, results, strict=True):
                _settle(future, result)
        except Exception as error:
            for _, future, _ in batch:
                _fail(future, error)

    def _take(self) -> "list[_Waiting[Item, Result]]":
        """The next batch, without items whose caller has gone meanwhile."""
        batch: list[_Waiting[Item, Result]] = []
        while self._waiting and len(batch) < self._batch_limit:
            waiting = self._waiting.popleft()
            if not waiting[1].done():
                batch.append(waiting)
        return batch


def _settle(future: asyncio.Future[Result], result: Result) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Result], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
