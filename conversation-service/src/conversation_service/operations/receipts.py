"""The carrier's delivery receipts."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from conversation_service.messaging.client import CarrierReceipt, ReceiptMatch
from conversation_service.store.outbox import Outbox
from runtime.clock import Clock


class ReceiptBook:
    """Finds the texts that receipts speak of and moves them forward."""

    def __init__(self, messaging: "Recorder", outboxes: Mapping[str, Outbox], clock: Clock) -> None:
        self._messaging = messaging
        self._outboxes = outboxes
        self._clock = clock

    async def take(self, receipts: Sequence[CarrierReceipt]) -> list[bool]:
        """Whether each receipt's text is known. Raises BackendUnavailable; repeats are harmless."""
        matches = await self._messaging.record(receipts)
        for pool, outbox in self._outboxes.items():
            known = [match for match in matches if match and match.pool == pool]
            if known:
                news = [(match.message_id, match.state) for match in known]
                await outbox.advance(news, self._clock.now())
        return [match is not None for match in matches]


class Recorder(Protocol):
    """What of the messaging service receipts need."""

    async def record(self, receipts: Sequence[CarrierReceipt]) -> list[ReceiptMatch | None]:
        """Hands receipts in, one match or none each, in order. Raises MessagingUnavailable."""
        ...
