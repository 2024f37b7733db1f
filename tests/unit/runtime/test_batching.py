"""Natural batching."""

import asyncio
from collections.abc import Sequence

import pytest

from runtime.batching import Batcher, BatcherFull


class Sink:
    """Answers each item with its double, once the gate is open."""

    def __init__(self, *, open_gate: bool = True) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        if open_gate:
            self.gate.set()

    async def send(self, batch: list[int]) -> Sequence[int]:
        self.batches.append(batch)
        await self.gate.wait()
        return [item * 2 for item in batch]


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_lone_item_leaves_at_once() -> None:
    sink = Sink()
    assert await Batcher(sink.send).submit(21) == 42
    assert sink.batches == [[21]]


async def test_what_waits_for_a_slot_leaves_together_and_in_order() -> None:
    sink = Sink(open_gate=False)
    coalescer = Batcher(sink.send, batch_limit=3, in_flight_limit=1)
    waiting = [asyncio.create_task(coalescer.submit(item)) for item in range(6)]
    await settled()
    sink.gate.set()
    assert await asyncio.gather(*waiting) == [0, 2, 4, 6, 8, 10]
    assert [item for batch in sink.batches for item in batch] == list(range(6))
    assert max(map(len, sink.batches)) == 3


async def test_no_more_batches_are_in_flight_than_allowed() -> None:
    sink = Sink(open_gate=False)
    coalescer = Batcher(sink.send, batch_limit=1, in_flight_limit=2)
    waiting = [asyncio.create_task(coalescer.submit(item)) for item in range(5)]
    await settled()
    assert len(sink.batches) == 2
    sink.gate.set()
    await asyncio.gather(*waiting)
    assert len(sink.batches) == 5


async def test_beyond_the_limit_callers_are_told_at_once() -> None:
    sink = Sink(open_gate=False)
    coalescer = Batcher(sink.send, batch_limit=1, in_flight_limit=1, waiting_limit=1)
    first = asyncio.create_task(coalescer.submit(1))
    await settled()
    second = asyncio.create_task(coalescer.submit(2))
    await settled()
    with pytest.raises(BatcherFull):
        await coalescer.submit(3)
    sink.gate.set()
    assert [await first, await second] == [2, 4]


async def test_a_failed_batch_fails_each_of_its_callers_and_nobody_else() -> None:
    async def send(batch: list[int]) -> Sequence[int]:
        if 0 in batch:
            raise ConnectionError
        return batch

    coalescer = Batcher(send, batch_limit=1)
    results = await asyncio.gather(coalescer.submit(0), coalescer.submit(1), return_exceptions=True)
    assert isinstance(results[0], ConnectionError)
    assert results[1] == 1


async def test_an_item_whose_caller_has_gone_is_not_sent() -> None:
    sink = Sink(open_gate=False)
    coalescer = Batcher(sink.send, in_flight_limit=1)
    first = asyncio.create_task(coalescer.submit(1))
    await settled()
    gone = asyncio.create_task(coalescer.submit(2))
    await settled()
    gone.cancel()
    sink.gate.set()
    assert await first == 2
    await coalescer.drain()
    assert sink.batches == [[1]]


async def test_too_few_results_are_an_error_for_the_callers() -> None:
    async def send(batch: list[int]) -> Sequence[int]:
        return []

    with pytest.raises(ValueError, match="shorter"):
        await Batcher(send).submit(1)
