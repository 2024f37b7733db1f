"""Sends the head of each recipient queue, then advances, backs off, requeues or dead-letters it."""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from conversation_service.application.restore_guard import RestoreGuard
from conversation_service.dispatch.backoff import MAX_ATTEMPTS, Throttle, retry_delay
from conversation_service.dispatch.pre_send import Outcome, PreSendChecks
from conversation_service.dispatch.recipient_queues import RecipientQueue, RecipientQueues
from conversation_service.dispatch.settle import TRANSIENT, Settler
from conversation_service.domain.model.events import DeadLetterReason
from conversation_service.domain.model.messages import MessageState
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.messaging.client import MessagingClient, RequestInvalid
from conversation_service.messaging.send import Rejected, Retry, SendResult, Sent, Uncertain
from conversation_service.store.outbox.entry import CorruptEntry, OutboxEntry
from conversation_service.store.outbox.outbox import LeaseLost, Outbox
from runtime.clock import SharedClock
from runtime.tracing import tracer

log = structlog.get_logger()

# Long enough not to overload a service that is down, short enough to hide its restart.
RETRY_AFTER = timedelta(seconds=1)

_WITH_CARRIER = (MessageState.SENT, MessageState.DELIVERED, MessageState.UNDELIVERED)


@dataclass(slots=True)
class DispatchContext:
    """What the batches of one pool share."""

    pool: str
    outbox: Outbox
    messaging: MessagingClient
    checks: PreSendChecks
    settler: Settler
    clock: SharedClock
    guard: RestoreGuard
    jitter: Callable[[], float] = random.random
    throttle: Throttle = field(default_factory=Throttle)
    reserve_throttle: Throttle = field(default_factory=Throttle)
    # Messages of the pool that the carrier took since this process started.
    sent_count: int = 0


class BatchRunner:
    """One batch, sent under one lease.

    A message may be sent to the messaging service again: it sends each message id once.
    """

    def __init__(
        self,
        context: DispatchContext,
        token: str,
        queues: RecipientQueues,
        batch: Sequence[RecipientQueue],
    ) -> None:
        """`batch` are the queues out of `queues` whose heads are sent; `token` is the lease's."""
        self._context = context
        self._token = token
        self._queues = queues
        self._batch = batch
        self._heads: list[tuple[RecipientQueue, OutboxEntry]] = []

    async def run(self) -> None:
        """Raises LeaseLost. After any other error the queues back off, so none stays busy."""
        with tracer.start_as_current_span("dispatch_round", attributes={"lanes": len(self._batch)}):
            with self._backing_off_on_error(self._batch):
                await self._load_heads()
            await self._send_heads()

    @contextmanager
    def _backing_off_on_error(self, queues: Sequence[RecipientQueue]) -> Iterator[None]:
        try:
            yield
        except LeaseLost:
            raise
        except Exception as error:
            log.warning("round_failed", error=type(error).__name__, lanes=len(queues))
            for queue in filter(self._queues.is_busy, queues):
                self._queues.back_off(queue, self._context.clock.monotonic() + RETRY_AFTER)

    async def send(self, entries: Sequence[OutboxEntry]) -> list[Outcome]:
        """Sends and settles entries; one outcome each. Raises LeaseLost."""
        message_ids = [entry.message_id for entry in entries]
        try:
            with tracer.start_as_current_span(
                "send_batch", attributes={"pool": self._context.pool, "message_ids": message_ids}
            ) as span:
                outcomes = await self._send_and_settle(entries)
                span.set_attribute(
                    "answered", sum(isinstance(outcome, Sent) for outcome in outcomes)
                )
            return outcomes
        except LeaseLost:
            raise
        except TRANSIENT as error:
            # The messages stay in the outbox until they are sent or expire.
            log.warning("delivery_failed", error=type(error).__name__, texts=len(entries))
            return [Retry(RETRY_AFTER)] * len(entries)
        except Exception as error:
            log.warning("delivery_impossible", error=type(error).__name__, texts=len(entries))
            if len(entries) == 1:
                return [Retry(RETRY_AFTER, counts_as_attempt=True)]
        # One of the messages causes the error: the others are sent without it.
        return [outcome for entry in entries for outcome in await self.send([entry])]

    async def _load_heads(self) -> None:
        """Reads the heads that are not in memory. A corrupt entry becomes a dead letter."""
        unloaded = [queue.head.entry_id for queue in self._batch if queue.head.entry is None]
        loaded = await self._context.outbox.read_by_id(unloaded)
        corrupt = [entry for entry in loaded.values() if isinstance(entry, CorruptEntry)]
        await self._context.settler.dead_letter_corrupt(self._token, corrupt, self._now())
        for queue in self._batch:
            entry = queue.head.entry or loaded.get(queue.head.entry_id)
            if isinstance(entry, OutboxEntry):
                self._heads.append((queue, entry))
            else:
                self._queues.advance(queue)

    async def _send_heads(self) -> None:
        """Messages with files on their own: fetching and decoding takes longer than a text."""
        texts = [head for head in self._heads if not head[1].message.attachments]
        with_files = [[head] for head in self._heads if head[1].message.attachments]
        groups = [*([texts] if texts else []), *with_files]
        results = await asyncio.gather(*map(self._send_group, groups), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _send_group(self, heads: Sequence[tuple[RecipientQueue, OutboxEntry]]) -> None:
        # In one step with the last change of the queues: other batches may take them after it.
        with self._backing_off_on_error([queue for queue, _ in heads]):
            asked_at = self._context.clock.monotonic()
            outcomes = await self.send([entry for _, entry in heads])
            self._context.sent_count += sum(
                isinstance(outcome, Sent) and outcome.state in _WITH_CARRIER for outcome in outcomes
            )
            self._update_throttles(asked_at, heads, outcomes)
            for (queue, entry), outcome in zip(heads, outcomes, strict=True):
                await self._advance_queue(queue, entry, outcome)

    async def _send_and_settle(self, entries: Sequence[OutboxEntry]) -> list[Outcome]:
        context = self._context
        checked = await context.checks.check(entries, self._now())
        pairs = list(zip(entries, checked.outcomes, strict=True))
        sendable = [entry for entry, outcome in pairs if outcome is None]
        sent = iter(await self._hand_over(sendable, checked.settings))
        outcomes = [outcome or next(sent) for _, outcome in pairs]
        await context.checks.report_opt_outs(entries, outcomes, checked)
        await context.settler.settle(self._token, entries, outcomes, self._now())
        return outcomes

    async def _hand_over(
        self, entries: Sequence[OutboxEntry], settings: PoolSettings
    ) -> list[SendResult]:
        if not entries:
            return []
        messages = [entry.message for entry in entries]
        try:
            results = await self._context.messaging.send(messages, self._context.pool, settings)
        except RequestInvalid:
            if len(messages) > 1:
                raise
            return [Rejected()]
        if len(results) != len(messages):
            raise ValueError("the number of results differs from the number of messages")
        return results

    def _update_throttles(
        self,
        asked_at: timedelta,
        heads: Sequence[tuple[RecipientQueue, OutboxEntry]],
        outcomes: Sequence[Outcome],
    ) -> None:
        context = self._context
        pairs = zip(heads, outcomes, strict=True)
        reserved = [outcome for (_, entry), outcome in pairs if entry.message.uses_reserve]
        self._update_throttle(context.throttle, asked_at, outcomes)
        self._update_throttle(context.reserve_throttle, asked_at, reserved)

    def _update_throttle(
        self, throttle: Throttle, asked_at: timedelta, outcomes: Sequence[Outcome]
    ) -> None:
        """Delays count from when they were asked for: other messages of the batch took time."""
        throttled = [item for item in outcomes if isinstance(item, Retry) and item.is_throttled]
        if throttled:
            throttle.on_throttled(asked_at, min(item.retry_after for item in throttled))
        elif outcomes:
            throttle.on_accepted(self._context.clock.monotonic())

    async def _advance_queue(
        self, queue: RecipientQueue, entry: OutboxEntry, outcome: Outcome
    ) -> None:
        now = self._context.clock.monotonic()
        if isinstance(outcome, Uncertain):
            self._queues.back_off(queue, now + outcome.retry_after)
        elif not isinstance(outcome, Retry):
            self._queues.advance(queue)
        elif outcome.is_throttled:
            self._queues.requeue(queue)
        elif self._was_last_attempt(queue, outcome):
            reason = DeadLetterReason.RETRIES_EXHAUSTED
            await self._context.settler.dead_letter(self._token, [entry], reason, self._now())
            self._queues.advance(queue)
        else:
            delay = retry_delay(queue.failures, outcome.retry_after, self._context.jitter())
            self._queues.back_off(queue, now + delay)

    def _was_last_attempt(self, queue: RecipientQueue, outcome: Retry) -> bool:
        """An attempt counts only if other messages were sent since the one before it.

        So an outage uses up no attempts.
        """
        sent = self._context.sent_count
        queue.failures += 1
        queue.counted_attempts += outcome.counts_as_attempt and sent > queue.sent_elsewhere
        queue.sent_elsewhere = sent
        return queue.counted_attempts >= MAX_ATTEMPTS

    def _now(self) -> datetime:
        return self._context.clock.now()
