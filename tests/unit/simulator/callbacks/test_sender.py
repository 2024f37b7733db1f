"""Flowroute's resend policy: not 200, or no answer, means again, 4 times, 30 s apart."""

import asyncio
from datetime import datetime, timedelta
from unittest.mock import Mock

import pytest

from simulator.callbacks import sender as sender_module
from simulator.callbacks.sender import (
    Attempt,
    Callback,
    CallbackQueueFull,
    CallbackSender,
    Outcome,
)
from support.clock import ManualClock
from support.eventually import PATIENCE_SECONDS

INTERVAL = timedelta(seconds=30)
URL = "http://gateway/api/message"
FAR_OFF_SECONDS = 3600.0


class Gateway:
    """Answers what the test says next, then 200, and keeps each request with its time."""

    def __init__(self, clock: ManualClock, *answers: int | Exception) -> None:
        self._clock = clock
        self._answers = list(answers)
        self.requests: list[tuple[datetime, bytes]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.sender = CallbackSender(self.post, clock, INTERVAL)

    async def post(self, url: str, content: bytes) -> int:
        assert url == URL
        await self.may_answer.wait()
        self.requests.append((self._clock.now(), content))
        answer = self._answers.pop(0) if self._answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def contents(self) -> list[bytes]:
        return [content for _, content in self.requests]


async def deliver(gateway: Gateway) -> None:
    while gateway.sender.run_once():
        await gateway.sender.wait_until_idle()


async def pass_time(gateway: Gateway, clock: ManualClock, *, intervals: int) -> None:
    for _ in range(intervals):
        clock.move(seconds=INTERVAL.total_seconds())
        await deliver(gateway)


@pytest.mark.parametrize("answer", [201, 202, 302, 404, 503, TimeoutError(), ConnectionError()])
async def test_all_but_200_is_sent_again_4_times_30_seconds_apart(
    clock: ManualClock, answer: int | Exception
) -> None:
    gateway = Gateway(clock, *[answer] * 99)
    on_attempt = Mock()
    start = clock.now()
    gateway.sender.submit(Callback(URL, b"text", on_attempt=on_attempt))
    await deliver(gateway)
    await pass_time(gateway, clock, intervals=20)
    assert gateway.requests == [(start + INTERVAL * n, b"text") for n in range(5)]
    status = answer if isinstance(answer, int) else None
    retries = [Attempt(Outcome.TO_BE_RESENT, status, start + INTERVAL * n) for n in range(1, 5)]
    attempts = [call.args[0] for call in on_attempt.call_args_list]
    assert attempts == [*retries, Attempt(Outcome.GIVEN_UP, status)]


@pytest.mark.parametrize("failures", range(5))
async def test_a_200_ends_it(clock: ManualClock, failures: int) -> None:
    gateway = Gateway(clock, *[503] * failures)
    on_attempt = Mock()
    gateway.sender.submit(Callback(URL, b"text", on_attempt=on_attempt))
    await deliver(gateway)
    await pass_time(gateway, clock, intervals=20)
    assert len(gateway.requests) == failures + 1
    assert on_attempt.call_args.args == (Attempt(Outcome.ACCEPTED, 200),)


async def test_nothing_is_sent_again_before_its_time(clock: ManualClock) -> None:
    gateway = Gateway(clock, 503)
    gateway.sender.submit(Callback(URL, b"text"))
    await deliver(gateway)
    clock.move(seconds=29.999)
    await deliver(gateway)
    assert len(gateway.requests) == 1
    clock.move(seconds=0.001)
    await deliver(gateway)
    assert len(gateway.requests) == 2


async def test_a_retry_can_be_made_at_once(clock: ManualClock) -> None:
    gateway = Gateway(clock, 503, 503)
    for content in (b"first", b"second"):
        gateway.sender.submit(Callback(URL, content))
    await deliver(gateway)
    assert gateway.sender.retry_now(b"second")
    await deliver(gateway)
    assert gateway.contents == [b"first", b"second", b"second"]
    assert not gateway.sender.retry_now(b"second")
    await pass_time(gateway, clock, intervals=20)
    assert gateway.contents == [b"first", b"second", b"second", b"first"]


async def test_a_first_sending_is_not_brought_forward(clock: ManualClock) -> None:
    gateway = Gateway(clock)
    gateway.sender.submit(Callback(URL, b"text"), [INTERVAL])
    assert not gateway.sender.retry_now(b"text")
    await deliver(gateway)
    assert gateway.requests == []


async def test_one_that_fails_does_not_hold_up_the_others(clock: ManualClock) -> None:
    gateway = Gateway(clock, 503, 200)
    gateway.sender.submit(Callback(URL, b"first"))
    gateway.sender.submit(Callback(URL, b"second"))
    await deliver(gateway)
    assert gateway.contents == [b"first", b"second"]
    await pass_time(gateway, clock, intervals=1)
    assert gateway.contents == [b"first", b"second", b"first"]


@pytest.mark.parametrize("first_answer", [200, 503])
async def test_a_follower_is_sent_once_after_the_first_try(
    clock: ManualClock, first_answer: int
) -> None:
    gateway = Gateway(clock, first_answer, 200, first_answer)
    gateway.sender.submit(Callback(URL, b"level 1", followed_by=Callback(URL, b"level 2")))
    await deliver(gateway)
    assert gateway.contents == [b"level 1", b"level 2"]
    await pass_time(gateway, clock, intervals=20)
    assert gateway.contents.count(b"level 2") == 1


async def test_no_more_are_in_flight_than_the_limit_allows(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "IN_FLIGHT_LIMIT", 2)
    gateway = Gateway(clock)
    for number in range(5):
        gateway.sender.submit(Callback(URL, b"%d" % number))
    assert gateway.sender.run_once() == 2
    assert gateway.sender.run_once() == 0
    await gateway.sender.wait_until_idle()
    await deliver(gateway)
    assert len(gateway.requests) == 5


async def test_the_queue_has_a_limit(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_module, "WAITING_LIMIT", 2)
    callback_sender = Gateway(clock).sender
    callback_sender.submit(Callback(URL, b"1"))
    callback_sender.submit(Callback(URL, b"2"))
    with pytest.raises(CallbackQueueFull):
        callback_sender.submit(Callback(URL, b"3"))


async def test_stopping_breaks_off_what_is_in_flight(clock: ManualClock) -> None:
    never = Mock()

    async def hang(url: str, content: bytes) -> int:
        await asyncio.Event().wait()
        return 200

    callback_sender = CallbackSender(hang, clock, INTERVAL)
    callback_sender.submit(Callback(URL, b"text", on_attempt=never))
    callback_sender.run_once()
    await callback_sender.stop()
    never.assert_not_called()


async def asleep(gateway: Gateway) -> "asyncio.Task[None]":
    """The worker, once it waits for something to do."""
    work = asyncio.create_task(gateway.sender.work())
    await asyncio.sleep(0)
    assert not work.done()
    return work


async def test_a_new_callback_wakes_the_worker_and_so_does_an_answer_at_the_limit(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "MAX_SLEEP_SECONDS", FAR_OFF_SECONDS)
    monkeypatch.setattr(sender_module, "IN_FLIGHT_LIMIT", 1)
    gateway = Gateway(clock)
    gateway.may_answer.clear()
    work = await asleep(gateway)
    gateway.sender.submit(Callback(URL, b"1"))
    await asyncio.wait_for(work, PATIENCE_SECONDS)
    gateway.sender.submit(Callback(URL, b"2"))
    work = await asleep(gateway)
    gateway.may_answer.set()
    await asyncio.wait_for(work, PATIENCE_SECONDS)
    await gateway.sender.wait_until_idle()
    assert gateway.contents == [b"1", b"2"]


async def test_the_worker_looks_again_at_a_clock_that_was_moved(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "MAX_SLEEP_SECONDS", 0.001)
    gateway = Gateway(clock, 503)
    gateway.sender.submit(Callback(URL, b"text"))
    await deliver(gateway)
    await asyncio.wait_for(gateway.sender.work(), PATIENCE_SECONDS)
    assert len(gateway.requests) == 1
    clock.move(seconds=30)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(gateway.requests) < 2:
            await gateway.sender.work()
            await gateway.sender.wait_until_idle()
