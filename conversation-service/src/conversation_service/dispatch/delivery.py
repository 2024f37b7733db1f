"""One batch of owed texts: sent, and settled as far as it was."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from conversation_service.dispatch.lanes import Lanes
from conversation_service.domain.message import MessageState
from conversation_service.messaging.client import (
    Answered,
    NotSent,
    TextToSend,
)
from conversation_service.store.outbox import LeaseLost, Outbox, OwedText, Settlement
from runtime.clock import Clock

log = structlog.get_logger()

# A text that could not be sent for a day says something its receiver no longer expects.
VALIDITY = timedelta(hours=24)
# Long enough not to hammer what is down, short enough that nobody notices a restart.
RETRY_AFTER = timedelta(seconds=1)


class Sender(Protocol):
    """What of the messaging service a delivery needs."""

    async def send(self, texts: Sequence[TextToSend]) -> list[Answered | NotSent]:
        """Sends texts, one result each, in order. Raises MessagingUnavailable."""
        ...


class Delivery:
    """Sends batches of one pool. It may be asked for the same text again: the messaging service
    sends each message id once."""

    def __init__(self, pool: str, outbox: Outbox, sender: Sender, clock: Clock) -> None:
        self._pool = pool
        self._outbox = outbox
        self._sender = sender
        self._clock = clock

    async def deliver(self, batch: Sequence[OwedText], lanes: Lanes, token: str) -> None:
        """Sends each text; its lane goes on behind it, or tries it again. Raises LeaseLost."""
        try:
            results = await self._send(batch)
            await self._settle(batch, results, token)
        except LeaseLost:
            raise
        except Exception as error:
            # Whatever it was, the texts are still owed: only their age ends the trying.
            log.warning("delivery_failed", error=type(error).__name__, texts=len(batch))
            results = [NotSent(RETRY_AFTER)] * len(batch)
        now = self._clock.now()
        for text, result in zip(batch, results, strict=True):
            if isinstance(result, NotSent):
                lanes.pause(text, now + result.retry_after)
            else:
                lanes.done(text)

    async def _send(self, batch: Sequence[OwedText]) -> list[Answered | NotSent]:
        now = self._clock.now()
        fresh = [text for text in batch if not _is_too_old(text, now)]
        results = await self._sender.send([self._to_send(text) for text in fresh]) if fresh else []
        sent = iter(results)
        expired = Answered(MessageState.EXPIRED)
        return [expired if _is_too_old(text, now) else next(sent) for text in batch]

    async def _settle(
        self, batch: Sequence[OwedText], results: Sequence[Answered | NotSent], token: str
    ) -> None:
        settled = [
            Settlement(text.entry_id, text.message_id, result.state)
            for text, result in zip(batch, results, strict=True)
            if isinstance(result, Answered)
        ]
        if settled:
            await self._outbox.settle(token, settled, self._clock.now())

    def _to_send(self, text: OwedText) -> TextToSend:
        envelope = text.envelope
        return TextToSend(
            text.message_id,
            self._pool,
            envelope.from_number,
            envelope.to_number,
            envelope.body,
        )


def _is_too_old(text: OwedText, now: datetime) -> bool:
    return now - text.accept_time > VALIDITY
