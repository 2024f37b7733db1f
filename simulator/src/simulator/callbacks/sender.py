"""Brings callbacks to the gateway and sends them again as Flowroute does.

Flowroute docs (v2.0 pages): anything but HTTP 200, or no answer, is sent again 4 times, 30 s
apart; after that it is not sent any more.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from itertools import count
from typing import Protocol

import structlog

from runtime.clock import Clock

log = structlog.get_logger()

RESENDS = 4

# As many as the client has connections: more would only wait inside of it.
IN_FLIGHT_LIMIT = 256

# Half a minute of the receipts of a benchmark at full rate, some 50 MB. A callback that fails and
# lets its followers go counts once here.
WAITING_LIMIT = 50_000

# A clock may be moved; it is looked at again at least this often.
LONGEST_NAP_SECONDS = 1.0

HTTP_OK = 200

NOW = timedelta(0)


class Attempt(Enum):
    """What came of sending a callback once."""

    ACCEPTED = auto()
    TO_BE_RESENT = auto()
    GIVEN_UP = auto()


class CallbackQueueFull(Exception):
    """WAITING_LIMIT callbacks wait already."""


class Post(Protocol):
    """Sends one callback and gives the answer's HTTP status; raises when there is no answer."""

    def __call__(self, url: str, content: bytes) -> Awaitable[int]: ...


def ignore(_attempt: Attempt) -> None:
    """For callbacks whose fate interests nobody."""


@dataclass(frozen=True, slots=True)
class Callback:
    """One thing to tell the gateway. `followed_by` leaves once this one was tried."""

    url: str
    content: bytes
    on_attempt: Callable[[Attempt], None] = ignore
    followed_by: "Callback | None" = None


@dataclass(frozen=True, slots=True, order=True)
class _Due:
    time: datetime
    # Equal times keep their order.
    ticket: int
    callback: Callback
    attempts: int = 0


class CallbackSender:
    """A schedule of callbacks, worked off by `run_once`."""

    def __init__(self, post: Post, clock: Clock, resend_interval: timedelta) -> None:
        self._post = post
        self._clock = clock
        self._resend_interval = resend_interval
        self._schedule: list[_Due] = []
        self._tickets = count()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def submit(self, callback: Callback, delays: Sequence[timedelta] = (NOW,)) -> None:
        """Schedules a callback for now, or once for each delay from now. Raises CourierFull."""
        if len(self._schedule) + len(delays) > WAITING_LIMIT:
            raise CallbackQueueFull
        for delay in delays:
            self._put(callback, self._clock.now() + delay, attempts=0)

    def run_once(self) -> int:
        """Starts as many callbacks as are due and may be in flight; tells how many."""
        started = 0
        while self._may_start():
            self._start(heapq.heappop(self._schedule))
            started += 1
        return started

    async def work(self) -> None:
        """Waits until there is something to do, and does it."""
        await self._nap()
        self.run_once()

    async def settled(self) -> None:
        """Returns when no callback is in flight."""
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    async def stop(self) -> None:
        """Breaks off what is in flight."""
        for task in self._in_flight:
            task.cancel()
        await self.settled()

    def _put(self, callback: Callback, time: datetime, *, attempts: int) -> None:
        due = _Due(time, next(self._tickets), callback, attempts)
        heapq.heappush(self._schedule, due)
        self._wake.set()

    def _may_start(self) -> bool:
        free = len(self._in_flight) < IN_FLIGHT_LIMIT
        return free and bool(self._schedule) and self._schedule[0].time <= self._clock.now()

    def _start(self, due: _Due) -> None:
        task = asyncio.create_task(self._attempt(due))
        self._in_flight.add(task)
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._wake.set()

    async def _nap(self) -> None:
        self._wake.clear()
        if self._may_start():
            return
        handle = asyncio.get_running_loop().call_later(self._nap_seconds(), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            handle.cancel()

    def _nap_seconds(self) -> float:
        if not self._schedule or len(self._in_flight) >= IN_FLIGHT_LIMIT:
            return LONGEST_NAP_SECONDS
        until_due = (self._schedule[0].time - self._clock.now()).total_seconds()
        return min(max(until_due, 0.0), LONGEST_NAP_SECONDS)

    async def _attempt(self, due: _Due) -> None:
        accepted = await self._is_accepted(due.callback)
        attempts = due.attempts + 1
        attempt = outcome(accepted=accepted, attempts=attempts)
        if attempt is Attempt.TO_BE_RESENT:
            next_time = self._clock.now() + self._resend_interval
            self._put(due.callback, next_time, attempts=attempts)
        if attempts == 1 and due.callback.followed_by:
            self._put(due.callback.followed_by, self._clock.now(), attempts=0)
        due.callback.on_attempt(attempt)

    async def _is_accepted(self, callback: Callback) -> bool:
        try:
            status = await self._post(callback.url, callback.content)
        except Exception as error:
            log.info("callback_unanswered", error=type(error).__name__)
            return False
        if status != HTTP_OK:
            log.info("callback_not_accepted", status=status)
        return status == HTTP_OK


def outcome(*, accepted: bool, attempts: int) -> Attempt:
    """What an answer to the given attempt, counted from 1, means for its callback."""
    if accepted:
        return Attempt.ACCEPTED
    return Attempt.TO_BE_RESENT if attempts <= RESENDS else Attempt.GIVEN_UP
