"""A batch of lanes: their first texts are sent, and each lane goes on as that went."""

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol

import structlog

from conversation_service.dispatch.backoff import MAX_ATTEMPTS, Throttle, retry_delay
from conversation_service.dispatch.pre_send import PreSendChecks
from conversation_service.dispatch.recipient_queues import RecipientQueue, RecipientQueues
from conversation_service.dispatch.settle import TRANSIENT, Settler
from conversation_service.domain.model.messages import MessageState
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.messaging.client import RequestInvalid
from conversation_service.messaging.send import (
    Rejected,
    Retry,
    SendResult,
    Sent,
    TextToSend,
    Uncertain,
)
from conversation_service.store.outbox.dead_letters import DeadLetterReason
from conversation_service.store.outbox.entry import CorruptEntry, OutboxEntry
from conversation_service.store.outbox.outbox import LeaseLost, Outbox
from runtime.clock import Clock
from runtime.tracing import tracer

# Long enough not to hammer what is down, short enough that nobody notices a restart.
RETRY_AFTER = timedelta(seconds=1)


class Sender(Protocol):
    """What of the messaging service a delivery needs."""

    async def send(self, texts: Sequence[TextToSend]) -> list[SendResult]:
        """Sends texts, one result each, in order.

        Raises MessagingUnavailable, RequestInvalid, RequestFailed.
        """
        ...


class Delivery:
    """Sends batches of one pool. It may be asked for the same text again: the messaging service
    sends each message id once."""

    def __init__(
        self,
        pool: str,
        sender: Sender,
        screening: PreSendChecks,
        settling: Settler,
        settings: Callable[[], Awaitable[PoolSettings]],
        clock: Clock,
    ) -> None:
        """`settings` looks the pool's up as they are now."""
        self._pool = pool
        self._sender = sender
        self._screening = screening
        self._settling = settling
        self._settings = settings
        self._clock = clock

    async def deliver(self, texts: Sequence[OutboxEntry], token: str) -> list[SendResult]:
        """What became of each text; what was answered for is settled. Raises LeaseLost."""
        names = [text.message_id for text in texts]
        try:
            with tracer.start_as_current_span(
                "send_batch", attributes={"pool": self._pool, "message_ids": names}
            ) as span:
                results = await self._deliver(texts, token)
                answered = sum(isinstance(result, Sent) for result in results)
                span.set_attribute("answered", answered)
            return results
        except LeaseLost:
            raise
        except TRANSIENT as error:
            # The texts are still owed: only their age ends the trying.
            log.warning("delivery_failed", error=type(error).__name__, texts=len(texts))
            return [Retry(RETRY_AFTER)] * len(texts)
        except Exception as error:
            log.warning("delivery_impossible", error=type(error).__name__, texts=len(texts))
            if len(texts) == 1:
                return [Retry(RETRY_AFTER, is_counted=True)]
        # One of them is the trouble: its neighbours go without it.
        return [result for text in texts for result in await self.deliver([text], token)]

    async def _deliver(self, texts: Sequence[OutboxEntry], token: str) -> list[SendResult]:
        settings, now = await self._settings(), self._clock.now()
        screened = await self._screening.screen(texts, now, settings.text_validity)
        answers = list(screened.answers)
        fresh = [text for text, answer in zip(texts, answers, strict=True) if answer is None]
        sent = iter(await self._send([self._to_send(text, settings) for text in fresh]))
        results = [next(sent) if answer is None else answer for answer in answers]
        await self._screening.note(texts, results, screened)
        await self._settling.settle(token, texts, results, self._clock.now())
        return results

    async def _send(self, texts: Sequence[TextToSend]) -> list[SendResult]:
        if not texts:
            return []
        try:
            results = await self._sender.send(texts)
        except RequestInvalid:
            if len(texts) > 1:
                raise
            return [Rejected()]
        if len(results) != len(texts):
            raise ValueError("not every text was answered")
        return results

    def _to_send(self, text: OutboxEntry, settings: PoolSettings) -> TextToSend:
        envelope = text.envelope
        return TextToSend(
            text.message_id,
            self._pool,
            envelope.from_number,
            envelope.to_number,
            envelope.body,
            envelope.attachments,
            settings,
        )


log = structlog.get_logger()

# A text that waited longer may have been taken out of the outbox meanwhile: its author was erased.
HELD_FOR = timedelta(minutes=1)

_TAKEN = (MessageState.SENT, MessageState.DELIVERED, MessageState.UNDELIVERED)


class BatchRunner:
    """One pool's. A text's tries are counted where it is sent: a takeover begins anew."""

    def __init__(
        self,
        outbox: Outbox,
        delivery: Delivery,
        settling: Settler,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.pace = Throttle()
        self._outbox = outbox
        self._delivery = delivery
        self._settling = settling
        self._clock = clock
        self._jitter = jitter
        self._sent = 0

    async def run(
        self, batch: Sequence[RecipientQueue], lanes: RecipientQueues, token: str
    ) -> None:
        """Sends the first text of each lane. Raises LeaseLost; whatever else happens, no lane
        stays busy."""
        try:
            with tracer.start_as_current_span("dispatch_round", attributes={"lanes": len(batch)}):
                await self._run(batch, lanes, token)
        except LeaseLost:
            raise
        except Exception as error:
            log.warning("round_failed", error=type(error).__name__, lanes=len(batch))
        for lane in filter(lanes.is_busy, batch):
            lanes.pause(lane, self._clock.now() + RETRY_AFTER)

    async def _run(
        self, batch: Sequence[RecipientQueue], lanes: RecipientQueues, token: str
    ) -> None:
        found = await self._texts(batch)
        await self._without_texts(batch, found, lanes, token)
        await self._with_texts([one for one in batch if lanes.is_busy(one)], found, lanes, token)

    async def bury(self, texts: Sequence[CorruptEntry], token: str) -> None:
        """What cannot even be read holds up nothing. Raises LeaseLost."""
        if texts:
            log.error("texts_unreadable", texts=len(texts))
            await self._settling.bury(token, texts, DeadLetterReason.UNREADABLE, self._clock.now())

    async def _texts(
        self, batch: Sequence[RecipientQueue]
    ) -> dict[str, OutboxEntry | CorruptEntry]:
        """The first texts by their entries; what is not held, or held too long, is read again."""
        oldest = self._clock.now() - HELD_FOR
        heads = [lane.head for lane in batch]
        held = {
            one.entry_id: one.text for one in heads if one.text and one.text.accept_time > oldest
        }
        again = [one.entry_id for one in heads if one.entry_id not in held]
        return await self._outbox.read_again(again) | held

    async def _without_texts(
        self,
        batch: Sequence[RecipientQueue],
        found: dict[str, OutboxEntry | CorruptEntry],
        lanes: RecipientQueues,
        token: str,
    ) -> None:
        """Somebody took or damaged an entry since it was first read."""
        await self.bury([one for one in found.values() if isinstance(one, CorruptEntry)], token)
        for lane in batch:
            if not isinstance(found[lane.head.entry_id], OutboxEntry):
                lanes.done(lane)

    async def _with_texts(
        self,
        batch: Sequence[RecipientQueue],
        found: dict[str, OutboxEntry | CorruptEntry],
        lanes: RecipientQueues,
        token: str,
    ) -> None:
        heads = (found[lane.head.entry_id] for lane in batch)
        texts = [text for text in heads if isinstance(text, OutboxEntry)]
        results = await self._delivery.deliver(texts, token) if texts else []
        self._sent += sum(isinstance(one, Sent) and one.state in _TAKEN for one in results)
        self._heed(results)
        for lane, text, result in zip(batch, texts, results, strict=True):
            await self._go_on(lane, text, result, lanes, token)

    def _heed(self, results: Sequence[SendResult]) -> None:
        full = [one.retry_after for one in results if isinstance(one, Retry) and one.is_paced]
        if full:
            self.pace.full(self._clock.now(), min(full))
        elif results:
            self.pace.room(self._clock.now())

    async def _go_on(
        self,
        lane: RecipientQueue,
        text: OutboxEntry,
        result: SendResult,
        lanes: RecipientQueues,
        token: str,
    ) -> None:
        now = self._clock.now()
        if isinstance(result, Uncertain):
            lanes.pause(lane, now + result.retry_after)
        elif not isinstance(result, Retry):
            lanes.done(lane)
        elif result.is_paced:
            lanes.release(lane)
        elif self._was_last_try(lane, result):
            await self._settling.bury(token, [text], DeadLetterReason.RETRIES_EXHAUSTED, now)
            lanes.done(lane)
        else:
            lanes.pause(lane, now + retry_delay(lane.failures, result.retry_after, self._jitter()))

    def _was_last_try(self, lane: RecipientQueue, result: Retry) -> bool:
        """A try counts only if others got through since the last one: an outage costs nothing."""
        lane.failures += 1
        lane.tries += result.is_counted and self._sent > lane.others_sent
        lane.others_sent = self._sent
        return lane.tries >= MAX_ATTEMPTS
