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


async def started(sends: SingleFlight[int], **works: Work) -> list[asyncio.Task[int]]:
    """A caller of each, after all have begun that can."""
    callers = [asyncio.create_task(sends.run(key[:2], work.do)) for key, work in works.items()]
    await turn()
    return callers


async def turn() -> None:
    """Lets every task run until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_concurrent_calls_with_one_key_share_one_result_and_take_one_slot() -> None:
    sends, work, other = SingleFlight[int](limit=2), Work(), Work()
    callers = await started(sends, m1a=work, m1b=work, m1c=work)
    other.go.set()
    assert await sends.run("m2", other.do) == 1
    work.go.set()
    assert await asyncio.gather(*callers) == [1, 1, 1]
    assert work.begun == 1
    # A task that has ended is started anew.
    assert await sends.run("m1", work.do) == 2


async def test_a_cancelled_caller_does_not_cancel_the_work() -> None:
    sends, work = SingleFlight[int](limit=1), Work()
    [caller] = await started(sends, m1=work)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    work.go.set()
    assert await sends.drain(PATIENCE) == 0
    assert work.ended == 1


async def test_a_caller_cancelled_while_waiting_leaves_the_slot_to_the_next() -> None:
    sends, first, second, third = SingleFlight[int](limit=1), Work(), Work(), Work()
    callers = await started(sends, m1=first, m2=second, m3=third)
    assert (first.begun, second.begun, third.begun) == (1, 0, 0)
    callers[1].cancel()
    first.go.set()
    third.go.set()
    await asyncio.gather(*callers, return_exceptions=True)
    assert (first.ended, second.begun, third.ended) == (1, 0, 1)


async def test_a_failure_reaches_every_caller_and_is_logged() -> None:
    sends, work = SingleFlight[int](limit=2), Work(fails=ValueError("hunter2"))
    callers = await started(sends, m1a=work, m1b=work)
    with capture_logs() as logs:
        work.go.set()
        answers = await asyncio.gather(*callers, return_exceptions=True)
        await turn()
    assert [type(answer) for answer in answers] == [ValueError, ValueError]
    assert [(log["event"], log["error"]) for log in logs] == [("send_failed", "ValueError")]


async def test_draining_waits_no_longer_than_its_limit() -> None:
    sends, work = SingleFlight[int](limit=1), Work()
    assert await sends.drain(PATIENCE) == 0
    [caller] = await started(sends, m1=work)
    assert await sends.drain(AT_ONCE) == 1
    work.go.set()
    assert await sends.drain(PATIENCE) == 0
    assert await caller == 1


@pytest.mark.parametrize("limit", [1, 3])
async def test_a_slot_is_free_again_however_a_task_ends(limit: int) -> None:
    sends = SingleFlight[int](limit=limit)
    for _ in range(limit + 1):
        failing = Work(fails=ValueError())
        failing.go.set()
        with pytest.raises(ValueError, match=r"^$"):
            await sends.run("m1", failing.do)
