"""Sends batches: messages of one route in order, different routes concurrently."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import structlog

from messaging_service.metrics.metrics import Metrics
from messaging_service.model.carrier_accounts import account_error
from messaging_service.model.errors import MessagingError, SendInProgress
from messaging_service.model.message import OutboundMessage, violations_of
from messaging_service.model.send_result import SendOutcome, SendResult, not_sent, refused
from messaging_service.sending.attempt import SendAttempts
from messaging_service.sending.single_flight import SingleFlight

log = structlog.get_logger()


class Sender:
    """A caller that gives up does not cancel sends in flight."""

    def __init__(self, attempts: SendAttempts, metrics: Metrics, *, in_flight_limit: int) -> None:
        """Messages beyond the limit wait, as there is no connection to the carrier for them."""
        self._attempts = attempts
        self._metrics = metrics
        self._sends = SingleFlight[SendResult](in_flight_limit)

    async def send_all(self, messages: Sequence[OutboundMessage]) -> list[SendResult]:
        """One result per message, in their order. Raises BackendUnavailable."""
        routes: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for index, message in enumerate(messages):
            routes[message.route].append(index)
        # A route runs to its end even if another one fails, so that no task is left behind.
        batches = await asyncio.gather(
            *(self._in_order([messages[i] for i in indexes]) for indexes in routes.values()),
            return_exceptions=True,
        )
        results: dict[int, SendResult] = {}
        for indexes, batch in zip(routes.values(), batches, strict=True):
            if isinstance(batch, BaseException):
                raise batch
            results.update(zip(indexes, batch, strict=True))
        return [results[index] for index in range(len(messages))]

    async def drain(self, within: timedelta) -> None:
        """Waits for sends in flight. Those that take longer end as uncertain sends."""
        count = await self._sends.drain(within)
        if count:
            log.warning("sends_cut_short", count=count)

    async def _in_order(self, messages: Sequence[OutboundMessage]) -> list[SendResult]:
        results: list[SendResult] = []
        blocked_by: MessagingError | None = None
        for message in messages:
            result = await self._send(message, blocked_by)
            self._metrics.send_result(result.outcome)
            results.append(result)
            blocked_by = blocked_by or _blocks_next(result)
        return results

    async def _send(
        self, message: OutboundMessage, blocked_by: MessagingError | None
    ) -> SendResult:
        violations = violations_of(message) or account_error(message.carrier_account_id)
        if violations:
            return refused(message.message_id, violations)
        if blocked_by:
            return not_sent(message.message_id, blocked_by)
        return await self._sends.run(message, lambda: self._attempts.send(message))


def _blocks_next(result: SendResult) -> MessagingError | None:
    """Why later messages of the route wait: this one may still be sent and must stay first."""
    if result.outcome is SendOutcome.NOT_SENT:
        return result.error
    return SendInProgress(result.retry_after) if result.retry_after else None
