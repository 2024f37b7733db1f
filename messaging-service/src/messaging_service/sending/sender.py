"""Batches of texts: one recipient's in order, different recipients side by side."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import structlog

from messaging_service.metrics.metrics import Metrics
from messaging_service.model.errors import MessagingError, SendInProgress
from messaging_service.model.message import (
    OutboundMessage,
    SendOutcome,
    SendResult,
    not_sent,
    refused,
    violations_of,
)
from messaging_service.sending.attempt import SendAttempts
from messaging_service.sending.single_flight import SingleFlight

log = structlog.get_logger()


class Sender:
    """Answers batches. A caller who gives up cuts no send short that is under way."""

    def __init__(self, attempts: SendAttempts, metrics: Metrics, *, in_flight_limit: int) -> None:
        """More texts than `in_flight_limit` at a time wait, as the carrier has no room for them."""
        self._attempts = attempts
        self._metrics = metrics
        self._flights = SingleFlight[SendResult](in_flight_limit)

    async def send_all(self, texts: Sequence[OutboundMessage]) -> list[SendResult]:
        """One result for each text, in their order. Raises BackendUnavailable."""
        routes: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for at, text in enumerate(texts):
            routes[text.route].append(at)
        # Each route runs to its own end even if another fails, so that none goes on unwatched.
        batches = await asyncio.gather(
            *(self._in_order([texts[at] for at in route]) for route in routes.values()),
            return_exceptions=True,
        )
        results: dict[int, SendResult] = {}
        for route, batch in zip(routes.values(), batches, strict=True):
            if isinstance(batch, BaseException):
                raise batch
            results.update(zip(route, batch, strict=True))
        return [results[at] for at in range(len(texts))]

    async def drain(self, within: timedelta) -> None:
        """Waits for the sends under way. What is left then is found UNKNOWN by its next caller."""
        left = await self._flights.land(within)
        if left:
            log.warning("sends_cut_short", count=left)

    async def _in_order(self, texts: Sequence[OutboundMessage]) -> list[SendResult]:
        results: list[SendResult] = []
        held_back_by: MessagingError | None = None
        for text in texts:
            result = await self._send(text, held_back_by)
            self._metrics.answered(result.outcome)
            results.append(result)
            held_back_by = held_back_by or _holds_back(result)
        return results

    async def _send(self, text: OutboundMessage, held_back_by: MessagingError | None) -> SendResult:
        problem = violations_of(text)
        if problem:
            return refused(text.message_id, problem)
        if held_back_by:
            # It must not overtake the one before it.
            return not_sent(text.message_id, held_back_by)
        return await self._flights.join(text, lambda: self._attempts.send(text))


def _holds_back(result: SendResult) -> MessagingError | None:
    """Why texts behind this one have to wait: it may still be sent, and must not be overtaken."""
    if result.outcome is SendOutcome.NOT_SENT:
        return result.error
    return SendInProgress(result.retry_after) if result.retry_after else None
