"""Natural batching: waiting items leave together as soon as a slot is free.

There is no timer. At low load an item leaves at once and alone; under load batches grow up to
their limit.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from opentelemetry.trace import SpanContext

from runtime.tracing.batches import batch_of, current_span_context

Item = TypeVar("Item")

Result = TypeVar("Result")

Send = Callable[[list[Item]], Awaitable[Sequence[Result]]]

# With the span of the caller, so that the batch appears in the traces of all its callers.
_Waiting = tuple[Item, asyncio.Future[Result], SpanContext]


class BatcherFull(Exception):
    """More items wait than the limit allows; the caller should try again later."""


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
        """`send` returns one result per item, in order; its exceptions reach every caller."""
        self._send = send
        self._batch_limit = batch_limit
        self._in_flight_limit = in_flight_limit
        self._waiting_limit = waiting_limit
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._in_flight: set[asyncio.Task[None]] = set()

    async def submit(self, item: Item) -> Result:
        """Sends one item with the next batch. Raises BatcherFull, or what `send` raised."""
        if len(self._waiting) >= self._waiting_limit:
            raise BatcherFull
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, result, current_span_context()))
        self._start_batches()
        return await result

    async def drain(self) -> None:
        """Waits until no batch is in flight."""
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    def _start_batches(self) -> None:
        while self._waiting and len(self._in_flight) < self._in_flight_limit:
            task = asyncio.create_task(self._send_batch())
            self._in_flight.add(task)
            task.add_done_callback(self._end_batch)

    def _end_batch(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._start_batches()

    async def _send_batch(self) -> None:
        batch = self._take()
        if not batch:
            return
        try:
            with batch_of([span for _, _, span in batch]):
                results = await self._send([item for item, _, _ in batch])
            for (_, future, _), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)
        except Exception as error:
            for _, future, _ in batch:
                if not future.done():
                    future.set_exception(error)

    def _take(self) -> "list[_Waiting[Item, Result]]":
        """The next batch, without items whose caller was cancelled meanwhile."""
        batch: list[_Waiting[Item, Result]] = []
        while self._waiting and len(batch) < self._batch_limit:
            waiting = self._waiting.popleft()
            if not waiting[1].done():
                batch.append(waiting)
        return batch
