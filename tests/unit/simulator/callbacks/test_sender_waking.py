"""The callback_sender's worker sleeps until there is something to do."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from simulator.callbacks import sender as sender_module
from simulator.callbacks.sender import Attempt, Callback, CallbackSender
from support.clock import ManualClock
from support.eventually import PATIENCE_SECONDS

URL = "http://gateway/api/message"
FAR_OFF_SECONDS = 3600.0


class Gateway:
    """Answers nobody before it may, then each with the next status; satisfies Post."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.may_answer = asyncio.Event()

    async def __call__(self, url: str, content: bytes) -> int:
        await self.may_answer.wait()
        return self._statuses.pop(0)


async def fall_asleep(callback_sender: CallbackSender) -> "asyncio.Task[None]":
    work = asyncio.create_task(callback_sender.work())
    await asyncio.sleep(0)
    assert not work.done()
    return work


def submit(callback_sender: CallbackSender, on_attempt: Callable[[Attempt], None]) -> None:
    callback_sender.submit(Callback(URL, b"text", on_attempt=on_attempt))


async def test_a_new_callback_wakes_the_worker(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "MAX_SLEEP_SECONDS", FAR_OFF_SECONDS)
    gateway, attempts = Gateway(200), list[Attempt]()
    gateway.may_answer.set()
    callback_sender = CallbackSender(gateway, clock, timedelta(seconds=30))
    work = await fall_asleep(callback_sender)
    submit(callback_sender, attempts.append)
    await asyncio.wait_for(work, PATIENCE_SECONDS)
    await callback_sender.wait_until_idle()
    assert attempts == [Attempt.ACCEPTED]


async def test_an_answer_wakes_the_worker_when_too_many_were_in_flight(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "MAX_SLEEP_SECONDS", FAR_OFF_SECONDS)
    monkeypatch.setattr(sender_module, "IN_FLIGHT_LIMIT", 1)
    gateway, attempts = Gateway(200, 200), list[Attempt]()
    callback_sender = CallbackSender(gateway, clock, timedelta(seconds=30))
    submit(callback_sender, attempts.append)
    submit(callback_sender, attempts.append)
    assert callback_sender.run_once() == 1
    work = await fall_asleep(callback_sender)
    gateway.may_answer.set()
    await asyncio.wait_for(work, PATIENCE_SECONDS)
    await callback_sender.wait_until_idle()
    assert attempts == [Attempt.ACCEPTED] * 2


async def test_the_worker_looks_again_at_a_clock_that_was_moved(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "MAX_SLEEP_SECONDS", 0.001)
    gateway, attempts = Gateway(503, 200), list[Attempt]()
    gateway.may_answer.set()
    callback_sender = CallbackSender(gateway, clock, timedelta(seconds=30))
    submit(callback_sender, attempts.append)
    callback_sender.run_once()
    await callback_sender.wait_until_idle()
    await asyncio.wait_for(callback_sender.work(), PATIENCE_SECONDS)
    assert attempts == [Attempt.TO_BE_RESENT]
    clock.move(seconds=30)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(attempts) < 2:
            await callback_sender.work()
    assert attempts == [Attempt.TO_BE_RESENT, Attempt.ACCEPTED]
