"""One batch of owed texts: sent, and settled as far as it was."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol

import structlog

from conversation_service.dispatch.screening import Screening
from conversation_service.dispatch.settling import PASSING, Settling
from conversation_service.domain.pool import PoolSettings
from conversation_service.messaging.client import RequestInvalid
from conversation_service.messaging.sending import Answered, Invalid, NotSent, Result, TextToSend
from conversation_service.store.outbox import LeaseLost
from conversation_service.store.owed import OwedText
from runtime.clock import Clock
from runtime.tracing import span

log = structlog.get_logger()

# Long enough not to hammer what is down, short enough that nobody notices a restart.
RETRY_AFTER = timedelta(seconds=1)


class Sender(Protocol):
    """What of the messaging service a delivery needs."""

    async def send(self, texts: Sequence[TextToSend]) -> list[Result]:
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
        screening: Screening,
        settling: Settling,
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

    async def deliver(self, texts: Sequence[OwedText], token: str) -> list[Result]:
        """What became of each text; what was answered for is settled. Raises LeaseLost."""
        names = [text.message_id for text in texts]
        try:
            with span("send_batch", pool=self._pool, message_ids=names) as one:
                results = await self._deliver(texts, token)
                one.tell(answered=sum(isinstance(result, Answered) for result in results))
            return results
        except LeaseLost:
            raise
        except PASSING as error:
            # The texts are still owed: only their age ends the trying.
            log.warning("delivery_failed", error=type(error).__name__, texts=len(texts))
            return [NotSent(RETRY_AFTER)] * len(texts)
        except Exception as error:
            log.warning("delivery_impossible", error=type(error).__name__, texts=len(texts))
            if len(texts) == 1:
                return [NotSent(RETRY_AFTER, is_counted=True)]
        # One of them is the trouble: its neighbours go without it.
        return [result for text in texts for result in await self.deliver([text], token)]

    async def _deliver(self, texts: Sequence[OwedText], token: str) -> list[Result]:
        settings, now = await self._settings(), self._clock.now()
        screened = await self._screening.screen(texts, now, settings.text_validity)
        answers = list(screened.answers)
        fresh = [text for text, answer in zip(texts, answers, strict=True) if answer is None]
        sent = iter(await self._send([self._to_send(text, settings) for text in fresh]))
        results = [next(sent) if answer is None else answer for answer in answers]
        await self._screening.note(texts, results, screened)
        await self._settling.settle(token, texts, results, self._clock.now())
        return results

    async def _send(self, texts: Sequence[TextToSend]) -> list[Result]:
        if not texts:
            return []
        try:
            results = await self._sender.send(texts)
        except RequestInvalid:
            if len(texts) > 1:
                raise
            return [Invalid()]
        if len(results) != len(texts):
            raise ValueError("not every text was answered")
        return results

    def _to_send(self, text: OwedText, settings: PoolSettings) -> TextToSend:
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
