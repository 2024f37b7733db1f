"""Sends callbacks to the gateway, with Flowroute's resend policy.

Flowroute docs (v2.0 pages): after any status but HTTP 200, or no response, a callback is sent
again up to 4 times, 30 s apart.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from itertools import count
from typing import Protocol

import structlog

from runtime.clock import Clock

log = structlog.get_logger()

RESENDS = 4

# As many as the client has connections: more would only wait inside the client.
IN_FLIGHT_LIMIT = 256

# Half a minute of receipts of a benchmark at full rate, some 50 MB. A chain counts once.
WAITING_LIMIT = 50_000

# The clock may be moved by a test, so it is read at least this often.
MAX_SLEEP_SECONDS = 1.0

HTTP_OK = 200

NOW = timedelta(0)


class Outcome(Enum):
    """What follows from one attempt to send a callback."""

    ACCEPTED = auto()
    TO_BE_RESENT = auto()
    GIVEN_UP = auto()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to send a callback. `status` is None if there was no response."""

    outcome: Outcome
    status: int | None
    next_time: datetime | None = None


class CallbackQueueFull(Exception):
    """WAITING_LIMIT callbacks are already queued."""


class Post(Protocol):
    """Sends one callback and returns the HTTP status; raises if there is no response."""

    def __call__(self, url: str, content: bytes) -> Awaitable[int]: ...


def ignore(_attempt: Attempt) -> None:
    """An `on_attempt` that does nothing."""


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback. `followed_by` is queued after the first attempt of this one."""

    url: str
    content: bytes
    on_attempt: Callable[[Attempt], None] = ignore
    followed_by: "Callback | None" = None


@dataclass(frozen=True, slots=True, order=True)
class _Due:
    time: datetime
    # Callbacks due at the same time keep their order.
    sequence_number: int
    callback: Callback
    attempts: int = 0


class CallbackSender:
    """A queue of callbacks ordered by due time."""

    def __init__(self, post: Post, clock: Clock, resend_interval: timedelta) -> None:
        self._post = post
        self._clock = clock
        self._resend_interval = resend_interval
        self._schedule: list[_Due] = []
        self._sequence_numbers = count()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def submit(self, callback: Callback, delays: Sequence[timedelta] = (NOW,)) -> None:
        """Queues a callback once for each delay. Raises CallbackQueueFull."""
        if len(self._schedule) + len(delays) > WAITING_LIMIT:
            raise CallbackQueueFull
        for delay in delays:
            self._put(callback, self._clock.now() + delay, attempts=0)

    def retry_now(self, content: bytes) -> bool:
        """Makes the queued retries of this content due now; returns whether there are any."""
        now = self._clock.now()
        retries = [
            due for due in self._schedule if due.attempts and due.callback.content == content
        ]
        for due in retries:
            self._schedule.remove(due)
            self._schedule.append(replace(due, time=min(due.time, now)))
        heapq.heapify(self._schedule)
        self._wake.set()
        return bool(retries)

    def run_once(self) -> int:
        """Starts the due callbacks up to IN_FLIGHT_LIMIT; returns how many."""
        started = 0
        while self._may_start():
            self._start(heapq.heappop(self._schedule))
            started += 1
        return started

    async def work(self) -> None:
        """Waits until a callback is due and starts it."""
        await self._wait_until_due()
        self.run_once()

    async def wait_until_idle(self) -> None:
        """Returns as soon as no callback is in flight."""
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    async def stop(self) -> None:
        """Cancels the callbacks in flight."""
        for task in self._in_flight:
            task.cancel()
        await self.wait_until_idle()

    def _put(self, callback: Callback, time: datetime, *, attempts: int) -> None:
        due = _Due(time, next(self._sequence_numbers), callback, attempts)
        heapq.heappush(self._schedule, due)
        self._wake.set()

    def _may_start(self) -> bool:
        free = len(self._in_flight) < IN_FLIGHT_LIMIT
        return free and bool(self._schedule) and self._schedule[0].time <= self._clock.now()

    def _start(self, due: _Due) -> None:
        task = asyncio.create_task(self._attempt(due))
        self._in_flight.add(task)
        task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._wake.set()

    async def _wait_until_due(self) -> None:
        self._wake.clear()
        if self._may_start():
            return
        handle = asyncio.get_running_loop().call_later(self._sleep_seconds(), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            handle.cancel()

    def _sleep_seconds(self) -> float:
        if not self._schedule or len(self._in_flight) >= IN_FLIGHT_LIMIT:
            return MAX_SLEEP_SECONDS
        until_due = (self._schedule[0].time - self._clock.now()).total_seconds()
        return min(max(until_due, 0.0), MAX_SLEEP_SECONDS)

    async def _attempt(self, due: _Due) -> None:
        status = await self._send(due.callback)
        attempts = due.attempts + 1
        attempt = Attempt(outcome_of(status, attempts), status)
        if attempt.outcome is Outcome.TO_BE_RESENT:
            next_time = self._clock.now() + self._resend_interval
            attempt = replace(attempt, next_time=next_time)
            self._put(due.callback, next_time, attempts=attempts)
        if attempts == 1 and due.callback.followed_by:
            self._put(due.callback.followed_by, self._clock.now(), attempts=0)
        due.callback.on_attempt(attempt)

    async def _send(self, callback: Callback) -> int | None:
        """The status of the response; None if there is none."""
        try:
            status = await self._post(callback.url, callback.content)
        except Exception as error:
            log.info("callback_unanswered", error=type(error).__name__)
            return None
        if status != HTTP_OK:
            log.info("callback_not_accepted", status=status)
        return status


def outcome_of(status: int | None, attempts: int) -> Outcome:
    """The outcome of the given attempt, counted from 1."""
    if status == HTTP_OK:
        return Outcome.ACCEPTED
    return Outcome.TO_BE_RESENT if attempts <= RESENDS else Outcome.GIVEN_UP
