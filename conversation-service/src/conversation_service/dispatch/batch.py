"""Sends the head of each recipient queue, then advances, backs off, requeues or dead-letters it."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from conversation_service.application.restore_guard import RestoreGuard
from conversation_service.dispatch.backoff import MAX_ATTEMPTS, Throttle, retry_delay
from conversation_service.dispatch.pre_send import Outcome, PreSendChecks
from conversation_service.dispatch.recipient_queues import RecipientQueue, RecipientQueues
from conversation_service.dispatch.settle import TRANSIENT, Settler
from conversation_service.domain.model.messages import MessageState
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.messaging.client import MessagingClient, RequestInvalid
from conversation_service.messaging.send import Rejected, Retry, SendResult, Sent, Uncertain
from conversation_service.store.outbox.dead_letters import DeadLetterReason
from conversation_service.store.outbox.entry import CorruptEntry, OutboxEntry
from conversation_service.store.outbox.outbox import LeaseLost, Outbox
from runtime.clock import Clock
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
    # Loads the pool's current settings.
    settings: Callable[[], Awaitable[PoolSettings]]
    clock: Clock
    guard: RestoreGuard
    jitter: Callable[[], float] = random.random
    throttle: Throttle = field(default_factory=Throttle)
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
        try:
            with tracer.start_as_current_span(
                "dispatch_round", attributes={"lanes": len(self._batch)}
            ):
                await self._load_heads()
                if self._heads:
                    await self._send_heads()
        except LeaseLost:
            raise
        except Exception as error:
            log.warning("round_failed", error=type(error).__name__, lanes=len(self._batch))
        for queue in filter(self._queues.is_busy, self._batch):
            self._queues.back_off(queue, self._context.clock.now() + RETRY_AFTER)

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
        await self._context.outbox.acknowledge(
            [entry_id for entry_id in unloaded if entry_id not in loaded]
        )
        for queue in self._batch:
            entry = queue.head.entry or loaded.get(queue.head.entry_id)
            if isinstance(entry, OutboxEntry):
                self._heads.append((queue, entry))
            else:
                self._queues.advance(queue)

    async def _send_heads(self) -> None:
        outcomes = await self.send([entry for _, entry in self._heads])
        self._context.sent_count += sum(
            isinstance(outcome, Sent) and outcome.state in _WITH_CARRIER for outcome in outcomes
        )
        self._update_throttle(outcomes)
        for (queue, entry), outcome in zip(self._heads, outcomes, strict=True):
            await self._advance_queue(queue, entry, outcome)

    async def _send_and_settle(self, entries: Sequence[OutboxEntry]) -> list[Outcome]:
        context = self._context
        settings = await context.settings()
        checked = await context.checks.check(entries, self._now(), settings.text_validity)
        pairs = list(zip(entries, checked.outcomes, strict=True))
        sendable = [entry for entry, outcome in pairs if outcome is None]
        sent = iter(await self._hand_over(sendable, settings))
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

    def _update_throttle(self, outcomes: Sequence[Outcome]) -> None:
        throttled = [item for item in outcomes if isinstance(item, Retry) and item.is_throttled]
        if throttled:
            self._context.throttle.on_throttled(
                self._now(), min(item.retry_after for item in throttled)
            )
        else:
            self._context.throttle.on_accepted(self._now())

    async def _advance_queue(
        self, queue: RecipientQueue, entry: OutboxEntry, outcome: Outcome
    ) -> None:
        now = self._now()
        if isinstance(outcome, Uncertain):
            self._queues.back_off(queue, now + outcome.retry_after)
        elif not isinstance(outcome, Retry):
            self._queues.advance(queue)
        elif outcome.is_throttled:
            self._queues.requeue(queue)
        elif self._was_last_attempt(queue, outcome):
            reason = DeadLetterReason.RETRIES_EXHAUSTED
            await self._context.settler.dead_letter(self._token, [entry], reason, now)
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
