"""Flowroute's resend policy: not 200, or no answer, means again, 4 times, 30 s apart."""

import asyncio
from datetime import datetime, timedelta
from unittest.mock import Mock

import pytest

from simulator.callbacks import sender as courier_module
from simulator.callbacks.sender import Attempt, Callback, CallbackQueueFull, CallbackSender
from support.clock import ManualClock

INTERVAL = timedelta(seconds=30)
URL = "http://gateway/api/message"


class Gateway:
    """Answers what the test says next, then 200, and keeps when it was asked for what."""

    def __init__(self, clock: ManualClock, *answers: int | Exception) -> None:
        self._clock = clock
        self._answers = list(answers)
        self.asked: list[tuple[datetime, bytes]] = []

    async def post(self, url: str, content: bytes) -> int:
        assert url == URL
        self.asked.append((self._clock.now(), content))
        answer = self._answers.pop(0) if self._answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def contents(self) -> list[bytes]:
        return [content for _, content in self.asked]


async def deliver(courier: CallbackSender) -> None:
    """Everything that is due now, and what follows it at once."""
    while courier.run_once():
        await courier.settled()


async def pass_time(courier: CallbackSender, clock: ManualClock, *, intervals: int) -> None:
    for _ in range(intervals):
        clock.move(seconds=INTERVAL.total_seconds())
        await deliver(courier)


@pytest.mark.parametrize(
    "answer", [201, 202, 204, 302, 400, 404, 500, 503, TimeoutError(), ConnectionError()]
)
async def test_all_but_200_is_sent_again_4_times_30_seconds_apart(
    clock: ManualClock, answer: int | Exception
) -> None:
    gateway = Gateway(clock, *[answer] * 99)
    courier = CallbackSender(gateway.post, clock, INTERVAL)
    note = Mock()
    start = clock.now()
    courier.submit(Callback(URL, b"text", on_attempt=note))
    await deliver(courier)
    await pass_time(courier, clock, intervals=20)
    assert gateway.asked == [(start + INTERVAL * n, b"text") for n in range(5)]
    told = [call.args[0] for call in note.call_args_list]
    assert told == [Attempt.TO_BE_RESENT] * 4 + [Attempt.GIVEN_UP]


@pytest.mark.parametrize("failures", range(5))
async def test_a_200_ends_it(clock: ManualClock, failures: int) -> None:
    gateway = Gateway(clock, *[503] * failures)
    courier = CallbackSender(gateway.post, clock, INTERVAL)
    note = Mock()
    courier.submit(Callback(URL, b"text", on_attempt=note))
    await deliver(courier)
    await pass_time(courier, clock, intervals=20)
    assert len(gateway.asked) == failures + 1
    assert note.call_args.args == (Attempt.ACCEPTED,)


async def test_nothing_is_sent_again_before_its_time(clock: ManualClock) -> None:
    gateway = Gateway(clock, 503)
    courier = CallbackSender(gateway.post, clock, INTERVAL)
    courier.submit(Callback(URL, b"text"))
    await deliver(courier)
    clock.move(seconds=29.999)
    await deliver(courier)
    assert len(gateway.asked) == 1
    clock.move(seconds=0.001)
    await deliver(courier)
    assert len(gateway.asked) == 2


async def test_one_that_fails_does_not_hold_up_the_others(clock: ManualClock) -> None:
    gateway = Gateway(clock, 503, 200)
    courier = CallbackSender(gateway.post, clock, INTERVAL)
    courier.submit(Callback(URL, b"first"))
    courier.submit(Callback(URL, b"second"))
    await deliver(courier)
    assert gateway.contents == [b"first", b"second"]
    await pass_time(courier, clock, intervals=1)
    assert gateway.contents == [b"first", b"second", b"first"]


@pytest.mark.parametrize("first_answer", [200, 503])
async def test_a_follower_leaves_once_after_the_first_try(
    clock: ManualClock, first_answer: int
) -> None:
    gateway = Gateway(clock, first_answer, 200, first_answer)
    courier = CallbackSender(gateway.post, clock, INTERVAL)
    courier.submit(Callback(URL, b"level 1", followed_by=Callback(URL, b"level 2")))
    await deliver(courier)
    assert gateway.contents == [b"level 1", b"level 2"]
    await pass_time(courier, clock, intervals=20)
    assert gateway.contents.count(b"level 2") == 1


async def test_work_begins_by_itself_when_something_is_submitted(clock: ManualClock) -> None:
    gateway = Gateway(clock)
    courier = CallbackSender(gateway.post, clock, INTERVAL)
    courier.submit(Callback(URL, b"text"))
    await courier.work()
    await courier.settled()
    assert gateway.contents == [b"text"]


async def test_no_more_are_in_flight_than_the_limit_allows(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "IN_FLIGHT_LIMIT", 2)
    gateway = Gateway(clock)
    courier = CallbackSender(gateway.post, clock, INTERVAL)
    for number in range(5):
        courier.submit(Callback(URL, b"%d" % number))
    assert courier.run_once() == 2
    assert courier.run_once() == 0
    await courier.settled()
    await deliver(courier)
    assert len(gateway.asked) == 5


async def test_more_than_may_wait_is_refused(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "WAITING_LIMIT", 2)
    courier = CallbackSender(Gateway(clock).post, clock, INTERVAL)
    courier.submit(Callback(URL, b"1"))
    courier.submit(Callback(URL, b"2"))
    with pytest.raises(CallbackQueueFull):
        courier.submit(Callback(URL, b"3"))


async def test_stopping_breaks_off_what_is_in_flight(clock: ManualClock) -> None:
    never = Mock()

    async def hang(url: str, content: bytes) -> int:
        await asyncio.Event().wait()
        return 200

    courier = CallbackSender(hang, clock, INTERVAL)
    courier.submit(Callback(URL, b"text", on_attempt=never))
    courier.run_once()
    await courier.stop()
    never.assert_not_called()
