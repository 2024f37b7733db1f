"""Sends what is owed, as long as this replica holds the pool's lease."""

import asyncio
from asyncio import FIRST_COMPLETED
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from redis.exceptions import RedisError

from conversation_service.dispatch.batch import BatchRunner
from conversation_service.dispatch.recipient_queues import RecipientQueue, RecipientQueues
from conversation_service.store.outbox.entry import CorruptEntry, OutboxEntry
from conversation_service.store.outbox.outbox import LeaseLost, Outbox
from runtime.clock import Clock
from runtime.redis.client import BLOCK_MS
from runtime.shutdown import GRACE_SECONDS

log = structlog.get_logger()

# A killed replica's texts wait this long for another one, or for its own return.
LEASE = timedelta(seconds=3)

RENEW_AFTER = timedelta(seconds=1)

STANDBY_SECONDS = 1.0

# How many texts one dispatcher knows of, most of them by their place only: what the account's
# usual pace sends in an hour, and some megabytes.
WINDOW = 20_000

# Read at a time: a second's work even where nothing is paced.
PAGE = 1024

# Small batches with many in flight: none waits long for the slowest text of its own.
BATCH = 16

_FROM_THE_BEGINNING = "0"


class Dispatcher:
    """One pool's dispatcher on this replica."""

    def __init__(
        self, outbox: Outbox, rounds: BatchRunner, clock: Clock, *, block_ms: int | None = BLOCK_MS
    ) -> None:
        """`block_ms` is how long one read may wait for a new text; None for not at all."""
        self._outbox = outbox
        self._rounds = rounds
        self._clock = clock
        self._block_ms = block_ms
        self._token = ""
        self._renewed: datetime | None = None
        self._lanes = RecipientQueues()
        self._unsettled_after: str | None = _FROM_THE_BEGINNING
        self._reading: asyncio.Task[list[OutboxEntry]] | None = None
        self._in_flight: set[asyncio.Task[None]] = set()

    async def run_once(self) -> float:
        """Reads what fits, sends what is free and waits for the first of these to end."""
        now = self._clock.now()
        if not await self._holds_lease(now):
            return STANDBY_SECONDS
        self._start_reading()
        self._start_sending(now)
        tasks = {*self._in_flight, *([self._reading] if self._reading else [])}
        if not tasks:
            return self._patience(now)
        await asyncio.wait(tasks, timeout=self._patience(now), return_when=FIRST_COMPLETED)
        await self._take_what_was_read()
        return 0.0

    async def close(self) -> None:
        """Lets what is under way end and gives the lease back, so that another takes over now.

        What is still under way after the grace is found by whoever takes over, as is all if Redis
        does not answer.
        """
        reading = self._reading
        self._stop_reading()
        if reading is not None:
            # Its connection is given back before anybody closes the connections.
            await asyncio.wait([reading], timeout=GRACE_SECONDS)
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=GRACE_SECONDS)
            for task in late:
                task.cancel()
        if self._token:
            with suppress(RedisError, OSError):
                await self._outbox.release_lease(self._token)

    async def _holds_lease(self, now: datetime) -> bool:
        if self._renewed is not None and now - self._renewed < RENEW_AFTER:
            return True
        token = await self._outbox.take_lease(self._token, LEASE)
        if token is None or token != self._token:
            await self._start_over(token or "")
        self._renewed = now if token else None
        return token is not None

    async def _start_over(self, token: str) -> None:
        """A takeover begins with what was read before, by whomever, and not settled."""
        self._stop_reading()
        for task in self._in_flight:
            task.cancel()
        self._in_flight.clear()
        self._lanes = RecipientQueues()
        self._unsettled_after = _FROM_THE_BEGINNING
        self._token = token
        if token:
            await self._outbox.prepare()
            log.info("lease_taken", fence=token)

    def _start_reading(self) -> None:
        room = min(PAGE, WINDOW - len(self._lanes))
        if self._reading is None and room > 0:
            self._reading = asyncio.create_task(self._read(room, self._token))

    async def _read(self, room: int, token: str) -> list[OutboxEntry]:
        found = await self._next_entries(room)
        await self._rounds.bury([one for one in found if isinstance(one, CorruptEntry)], token)
        return [one for one in found if isinstance(one, OutboxEntry)]

    async def _next_entries(self, room: int) -> list[OutboxEntry | CorruptEntry]:
        if self._unsettled_after is None:
            return await self._outbox.read_new(room, self._block_ms)
        found = await self._outbox.read_unsettled(self._unsettled_after, room)
        self._unsettled_after = found[-1].entry_id if found else None
        return found

    async def _take_what_was_read(self) -> None:
        if self._reading is None or not self._reading.done():
            return
        reading, self._reading = self._reading, None
        try:
            self._lanes.add(await reading)
        except LeaseLost:
            self._lease_lost(self._token)
        except Exception:
            # Redis may have handed out texts that never arrived here: look for them.
            self._unsettled_after = _FROM_THE_BEGINNING
            raise

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _start_sending(self, now: datetime) -> None:
        self._lanes.wake(now)
        while len(self._in_flight) < self._rounds.pace.batches(now) and (
            batch := self._lanes.take(BATCH, now)
        ):
            task = asyncio.create_task(self._send(batch, self._lanes, self._token))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)

    async def _send(self, batch: list[RecipientQueue], lanes: RecipientQueues, token: str) -> None:
        try:
            await self._rounds.run(batch, lanes, token)
        except LeaseLost:
            self._lease_lost(token)

    def _lease_lost(self, token: str) -> None:
        """Whoever has it now begins with what is not settled."""
        log.warning("lease_lost", fence=token)
        self._renewed = None

    def _patience(self, now: datetime) -> float:
        """Until the lease wants renewal, or a paused text or the whole pool another try."""
        if full := self._rounds.pace.pause(now):
            return min(RENEW_AFTER, full).total_seconds()
        next_try = self._lanes.next_try()
        wait = min(RENEW_AFTER, next_try - now) if next_try else RENEW_AFTER
        return max(0.0, wait.total_seconds())
