"""Sends a pool's outbox as long as this replica holds the pool's lease."""

import asyncio
from asyncio import FIRST_COMPLETED
from contextlib import suppress
from datetime import timedelta

import structlog
from redis.exceptions import RedisError

from conversation_service.dispatch.batch import BatchRunner, DispatchContext
from conversation_service.dispatch.recipient_queues import RecipientQueue, RecipientQueues
from conversation_service.store.outbox.entry import CorruptEntry, OutboxEntry
from conversation_service.store.outbox.outbox import LeaseLost
from runtime.redis.client import BLOCK_MS
from runtime.shutdown import GRACE_SECONDS

log = structlog.get_logger()

# After a replica was killed, its messages wait this long for a takeover.
LEASE = timedelta(seconds=3)

RENEW_AFTER = timedelta(seconds=1)

STANDBY_SECONDS = 1.0

# Entries that one dispatcher keeps in its queues, most of them as ids only: what an account sends
# in an hour, and some megabytes.
WINDOW = 20_000

# Entries per read: what is sent in a second without a throttle.
PAGE = 1024

# Many small batches in flight: a slow message delays few others.
BATCH = 16

_FROM_THE_BEGINNING = "0"


class Dispatcher:
    """One pool's dispatcher on this replica."""

    def __init__(self, context: DispatchContext, *, block_ms: int | None = BLOCK_MS) -> None:
        """`block_ms` is how long one read may wait for a new entry; None for not at all."""
        self._context = context
        self._outbox = context.outbox
        self._throttle = context.throttle
        self._block_ms = block_ms
        self._token = ""
        # By the monotonic clock. None if the lease has to be acquired first.
        self._renew_time: timedelta | None = None
        self._queues = RecipientQueues()
        self._read_through = _FROM_THE_BEGINNING
        self._reading: asyncio.Task[list[OutboxEntry]] | None = None
        self._in_flight: set[asyncio.Task[None]] = set()

    async def run_once(self) -> float:
        """Starts a read and batches as limits allow, then waits until one of them ends.

        Returns the seconds to wait before the next call.
        """
        now = self._context.clock.monotonic()
        if not await self._holds_lease(now):
            return STANDBY_SECONDS
        self._start_reading()
        self._start_sending(now)
        tasks = {*self._in_flight, *([self._reading] if self._reading else [])}
        if not tasks:
            return self._wait_timeout(now)
        await asyncio.wait(tasks, timeout=self._wait_timeout(now), return_when=FIRST_COMPLETED)
        await self._collect_read()
        return 0.0

    async def close(self) -> None:
        """Waits for batches in flight and releases the lease, so that a takeover is immediate.

        Batches still in flight after the grace period stay pending, as all do if Redis does not
        answer; the next lease holder sends them.
        """
        reading = self._reading
        self._stop_reading()
        if reading is not None:
            # Its connection has to be released before the connections are closed.
            await asyncio.wait([reading], timeout=GRACE_SECONDS)
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=GRACE_SECONDS)
            for task in late:
                task.cancel()
        with suppress(RedisError, OSError):
            await self._release_lease()

    async def _release_lease(self) -> None:
        if self._token:
            await self._outbox.release_lease(self._token)

    async def _holds_lease(self, now: timedelta) -> bool:
        if not self._context.clock.is_synchronized():
            await self._release_lease()
            self._take_over("")
            return False
        if self._renew_time is not None and now < self._renew_time:
            return True
        if not await self._context.guard.check():
            self._take_over("")
            return False
        token = await self._outbox.acquire_lease(self._token, LEASE)
        if token is None or token != self._token:
            self._take_over(token or "")
        self._renew_time = now + RENEW_AFTER if token else None
        return token is not None

    def _take_over(self, token: str) -> None:
        """Begins with the oldest entry, whichever replica read it before."""
        self._stop_reading()
        for task in self._in_flight:
            task.cancel()
        self._in_flight.clear()
        self._queues = RecipientQueues()
        self._read_through = _FROM_THE_BEGINNING
        self._token, self._renew_time = token, None
        if token:
            log.info("lease_taken", fence=token)

    def _start_reading(self) -> None:
        limit = min(PAGE, WINDOW - len(self._queues))
        if self._reading is None and limit > 0:
            self._reading = asyncio.create_task(self._read(limit, self._token))

    async def _read(self, limit: int, token: str) -> list[OutboxEntry]:
        # Without unsettled entries all that is in the outbox is new, whatever was read before.
        after = self._read_through if len(self._queues) else _FROM_THE_BEGINNING
        entries = await self._outbox.read(after, limit, self._block_ms)
        corrupt = [entry for entry in entries if isinstance(entry, CorruptEntry)]
        now = self._context.clock.now()
        await self._context.settler.dead_letter_corrupt(token, corrupt, now)
        return [entry for entry in entries if isinstance(entry, OutboxEntry)]

    async def _collect_read(self) -> None:
        if self._reading is None or not self._reading.done():
            return
        reading, self._reading = self._reading, None
        try:
            entries = await reading
        except LeaseLost:
            self._on_lease_lost(self._token)
            return
        except Exception:
            # Redis may have come back with an older copy: the guard looks before anything is sent.
            self._renew_time = None
            raise
        self._queues.add(entries)
        if entries:
            self._read_through = entries[-1].entry_id

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _start_sending(self, now: timedelta) -> None:
        self._queues.requeue_due(now)
        while batch := self._next_batch(now):
            runner = BatchRunner(self._context, self._token, self._queues, batch)
            task = asyncio.create_task(self._run(runner, self._token))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)

    def _next_batch(self, now: timedelta) -> list[RecipientQueue]:
        """Empty if enough is in flight. With a full budget, only what may use its reserve."""
        if len(self._in_flight) < self._throttle.concurrency(now):
            return self._queues.next_batch(BATCH, now)
        if len(self._in_flight) < self._context.reserve_throttle.concurrency(now):
            return self._queues.next_batch(BATCH, now, reserve_only=True)
        return []

    async def _run(self, runner: BatchRunner, token: str) -> None:
        try:
            await runner.run()
        except LeaseLost:
            self._on_lease_lost(token)

    def _on_lease_lost(self, token: str) -> None:
        """Makes the next round ask for the lease again."""
        log.warning("lease_lost", fence=token)
        self._renew_time = None

    def _wait_timeout(self, now: timedelta) -> float:
        """Seconds until the lease is renewed, a queue is due or the throttle ends."""
        if delay := self._throttle.delay(now):
            return min(RENEW_AFTER, delay).total_seconds()
        next_due = self._queues.next_due()
        wait = min(RENEW_AFTER, next_due - now) if next_due else RENEW_AFTER
        return max(0.0, wait.total_seconds())
