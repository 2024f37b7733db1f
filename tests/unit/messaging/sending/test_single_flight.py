"""Single flight: shared tasks that outlive their callers."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from messaging_service.sending.single_flight import SingleFlight

AT_ONCE = timedelta(0)
PATIENCE = timedelta(seconds=20)


class Work:
    """A piece of work that ends when the test says so."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.begun = 0
        self.ended = 0
        self.go = asyncio.Event()
        self._fails = fails

    async def do(self) -> int:
        self.begun += 1
        await self.go.wait()
        if self._fails:
            raise self._fails
        self.ended += 1
        return self.ended


async def turn() -> None:
    """Lets everything that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_concurrent_calls_with_one_key_share_one_result() -> None:
    sends, work = SingleFlight[int](limit=4), Work()
    asking = [asyncio.create_task(sends.run("m1", work.do)) for _ in range(3)]
    await turn()
    work.go.set()
    assert await asyncio.gather(*asking) == [1, 1, 1]
    assert work.begun == 1


async def test_a_task_that_has_ended_is_started_anew() -> None:
    sends, work = SingleFlight[int](limit=1), Work()
    work.go.set()
    assert [await sends.run("m1", work.do), await sends.run("m1", work.do)] == [1, 2]


async def test_a_cancelled_caller_does_not_cancel_the_work() -> None:
    sends, work = SingleFlight[int](limit=1), Work()
    asking = asyncio.create_task(sends.run("m1", work.do))
    await turn()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    work.go.set()
    assert await sends.drain(PATIENCE) == 0
    assert work.ended == 1


async def test_tasks_beyond_the_limit_start_when_another_ends() -> None:
    sends, first, second = SingleFlight[int](limit=1), Work(), Work()
    asking = [
        asyncio.create_task(sends.run(key, work.do))
        for key, work in (("m1", first), ("m2", second))
    ]
    await turn()
    assert (first.begun, second.begun) == (1, 0)
    first.go.set()
    await asking[0]
    await turn()
    assert second.begun == 1
    second.go.set()
    await asking[1]


async def test_a_caller_cancelled_while_waiting_leaves_the_slot_to_the_next() -> None:
    sends, first, second, third = SingleFlight[int](limit=1), Work(), Work(), Work()
    asking = [
        asyncio.create_task(sends.run(key, work.do))
        for key, work in (("m1", first), ("m2", second), ("m3", third))
    ]
    await turn()
    asking[1].cancel()
    first.go.set()
    third.go.set()
    await asyncio.gather(*asking, return_exceptions=True)
    assert (first.ended, second.begun, third.ended) == (1, 0, 1)


async def test_callers_that_share_a_task_take_no_slot() -> None:
    sends, work, other = SingleFlight[int](limit=2), Work(), Work()
    joined = [asyncio.create_task(sends.run("m1", work.do)) for _ in range(5)]
    await turn()
    other.go.set()
    assert await sends.run("m2", other.do) == 1
    work.go.set()
    await asyncio.gather(*joined)


async def test_a_failure_reaches_every_caller_and_is_logged() -> None:
    sends, work = SingleFlight[int](limit=2), Work(fails=ValueError("hunter2"))
    asking = [asyncio.create_task(sends.run("m1", work.do)) for _ in range(2)]
    await turn()
    with capture_logs() as logs:
        work.go.set()
        answers = await asyncio.gather(*asking, return_exceptions=True)
        await turn()
    assert [type(answer) for answer in answers] == [ValueError, ValueError]
    assert [(log["event"], log["error"]) for log in logs] == [("send_failed", "ValueError")]


async def test_draining_waits_no_longer_than_its_limit() -> None:
    sends, work = SingleFlight[int](limit=1), Work()
    asking = asyncio.create_task(sends.run("m1", work.do))
    await turn()
    assert await sends.drain(AT_ONCE) == 1
    work.go.set()
    assert await sends.drain(PATIENCE) == 0
    assert await asking == 1


async def test_draining_without_tasks_ends_at_once() -> None:
    assert await SingleFlight[int](limit=1).drain(PATIENCE) == 0


@pytest.mark.parametrize("limit", [1, 3])
async def test_a_slot_is_free_again_however_a_task_ends(limit: int) -> None:
    sends = SingleFlight[int](limit=limit)
    for _ in range(limit + 1):
        failing = Work(fails=ValueError())
        failing.go.set()
        with pytest.raises(ValueError, match=r"^$"):
            await sends.run("m1", failing.do)
