import asyncio
from collections.abc import Sequence

import pytest

from runtime.batching import Batcher, BatcherFull


class Backend:
    """Doubles each item once the gate is open."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()

    async def send(self, batch: list[int]) -> Sequence[int]:
        self.batches.append(batch)
        await self.gate.wait()
        return [item * 2 for item in batch]


@pytest.fixture
def backend() -> Backend:
    return Backend()


async def submit(batcher: Batcher[int, int], *items: int) -> "list[asyncio.Task[int]]":
    """Submits items, and returns when they are sent or wait."""
    tasks = [asyncio.create_task(batcher.submit(item)) for item in items]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_a_lone_item_leaves_at_once(backend: Backend) -> None:
    backend.gate.set()
    assert await Batcher(backend.send).submit(21) == 42
    assert backend.batches == [[21]]


async def test_items_that_wait_for_a_slot_leave_together_and_in_order(backend: Backend) -> None:
    batcher = Batcher(backend.send, batch_limit=3, in_flight_limit=1)
    waiting = await submit(batcher, *range(6))
    backend.gate.set()
    assert await asyncio.gather(*waiting) == [0, 2, 4, 6, 8, 10]
    assert [item for batch in backend.batches for item in batch] == list(range(6))
    assert max(map(len, backend.batches)) == 3


async def test_no_more_batches_are_in_flight_than_allowed(backend: Backend) -> None:
    waiting = await submit(Batcher(backend.send, batch_limit=1, in_flight_limit=2), *range(5))
    assert len(backend.batches) == 2
    backend.gate.set()
    await asyncio.gather(*waiting)
    assert len(backend.batches) == 5


async def test_over_the_limit_an_item_is_refused_at_once(backend: Backend) -> None:
    batcher = Batcher(backend.send, batch_limit=1, in_flight_limit=1, waiting_limit=1)
    taken = [*await submit(batcher, 1), *await submit(batcher, 2)]
    with pytest.raises(BatcherFull):
        await batcher.submit(3)
    backend.gate.set()
    assert await asyncio.gather(*taken) == [2, 4]


async def test_a_failed_batch_fails_each_of_its_callers_and_no_other() -> None:
    async def send(batch: list[int]) -> Sequence[int]:
        if 0 in batch:
            raise ConnectionError
        return batch

    batcher = Batcher(send, batch_limit=1)
    results = await asyncio.gather(batcher.submit(0), batcher.submit(1), return_exceptions=True)
    assert isinstance(results[0], ConnectionError)
    assert results[1] == 1


async def test_an_item_whose_caller_was_cancelled_is_not_sent(backend: Backend) -> None:
    batcher = Batcher(backend.send, in_flight_limit=1)
    [first] = await submit(batcher, 1)
    [cancelled] = await submit(batcher, 2)
    cancelled.cancel()
    backend.gate.set()
    assert await first == 2
    await batcher.drain()
    assert backend.batches == [[1]]


async def test_too_few_results_are_an_error_for_the_callers() -> None:
    async def send(_: list[int]) -> Sequence[int]:
        return []

    with pytest.raises(ValueError, match="shorter"):
        await Batcher(send).submit(1)
