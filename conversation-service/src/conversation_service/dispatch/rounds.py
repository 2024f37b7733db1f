"""A batch of lanes: their first texts are sent, and each lane goes on as that went."""

import random
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from conversation_service.dispatch.delivery import RETRY_AFTER, Delivery
from conversation_service.dispatch.lanes import Lane, Lanes
from conversation_service.dispatch.pace import PoolPace
from conversation_service.dispatch.retries import TRIES, pause
from conversation_service.dispatch.settling import Settling
from conversation_service.domain.message import MessageState
from conversation_service.messaging.sending import Answered, NotSent, Result, Unresolved
from conversation_service.store.dead_letters import Death
from conversation_service.store.outbox import LeaseLost, Outbox
from conversation_service.store.owed import OwedText, Unreadable
from runtime.clock import Clock
from runtime.tracing import span

log = structlog.get_logger()

# A text that waited longer may have been taken out of the outbox meanwhile: its author was erased.
HELD_FOR = timedelta(minutes=1)

_TAKEN = (MessageState.SENT, MessageState.DELIVERED, MessageState.UNDELIVERED)


class Rounds:
    """One pool's. A text's tries are counted where it is sent: a takeover begins anew."""

    def __init__(
        self,
        outbox: Outbox,
        delivery: Delivery,
        settling: Settling,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.pace = PoolPace()
        self._outbox = outbox
        self._delivery = delivery
        self._settling = settling
        self._clock = clock
        self._jitter = jitter
        self._sent = 0

    async def run(self, batch: Sequence[Lane], lanes: Lanes, token: str) -> None:
        """Sends the first text of each lane. Raises LeaseLost; whatever else happens, no lane
        stays busy."""
        try:
            with span("dispatch_round", lanes=len(batch)):
                await self._run(batch, lanes, token)
        except LeaseLost:
            raise
        except Exception as error:
            log.warning("round_failed", error=type(error).__name__, lanes=len(batch))
        for lane in filter(lanes.is_busy, batch):
            lanes.pause(lane, self._clock.now() + RETRY_AFTER)

    async def _run(self, batch: Sequence[Lane], lanes: Lanes, token: str) -> None:
        found = await self._texts(batch)
        await self._without_texts(batch, found, lanes, token)
        await self._with_texts([one for one in batch if lanes.is_busy(one)], found, lanes, token)

    async def bury(self, texts: Sequence[Unreadable], token: str) -> None:
        """What cannot even be read holds up nothing. Raises LeaseLost."""
        if texts:
            log.error("texts_unreadable", texts=len(texts))
            await self._settling.bury(token, texts, Death.UNREADABLE, self._clock.now())

    async def _texts(self, batch: Sequence[Lane]) -> dict[str, OwedText | Unreadable]:
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
        batch: Sequence[Lane],
        found: dict[str, OwedText | Unreadable],
        lanes: Lanes,
        token: str,
    ) -> None:
        """Somebody took or damaged an entry since it was first read."""
        await self.bury([one for one in found.values() if isinstance(one, Unreadable)], token)
        for lane in batch:
            if not isinstance(found[lane.head.entry_id], OwedText):
                lanes.done(lane)

    async def _with_texts(
        self,
        batch: Sequence[Lane],
        found: dict[str, OwedText | Unreadable],
        lanes: Lanes,
        token: str,
    ) -> None:
        heads = (found[lane.head.entry_id] for lane in batch)
        texts = [text for text in heads if isinstance(text, OwedText)]
        results = await self._delivery.deliver(texts, token) if texts else []
        self._sent += sum(isinstance(one, Answered) and one.state in _TAKEN for one in results)
        self._heed(results)
        for lane, text, result in zip(batch, texts, results, strict=True):
            await self._go_on(lane, text, result, lanes, token)

    def _heed(self, results: Sequence[Result]) -> None:
        full = [one.retry_after for one in results if isinstance(one, NotSent) and one.is_paced]
        if full:
            self.pace.full(self._clock.now(), min(full))
        elif results:
            self.pace.room(self._clock.now())

    async def _go_on(
        self, lane: Lane, text: OwedText, result: Result, lanes: Lanes, token: str
    ) -> None:
        now = self._clock.now()
        if isinstance(result, Unresolved):
            lanes.pause(lane, now + result.retry_after)
        elif not isinstance(result, NotSent):
            lanes.done(lane)
        elif result.is_paced:
            lanes.release(lane)
        elif self._was_last_try(lane, result):
            await self._settling.bury(token, [text], Death.RETRIES_EXHAUSTED, now)
            lanes.done(lane)
        else:
            lanes.pause(lane, now + pause(lane.failures, result.retry_after, self._jitter()))

    def _was_last_try(self, lane: Lane, result: NotSent) -> bool:
        """A try counts only if others got through since the last one: an outage costs nothing."""
        lane.failures += 1
        lane.tries += result.is_counted and self._sent > lane.others_sent
        lane.others_sent = self._sent
        return lane.tries >= TRIES
