"""Settles messages: notifies senders of failures first, then records the state in Redis."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog
from redis.exceptions import RedisError

from conversation_service.application.inbound.delivery_receipts import FailureNotifier
from conversation_service.dispatch import metrics
from conversation_service.dispatch.pre_send import Outcome
from conversation_service.domain.errors import BackendUnavailable, ConcurrentChange
from conversation_service.domain.model.events import DeadLetterReason, FailureReason
from conversation_service.domain.model.messages import (
    DeliveryFailure,
    DeliveryFailureKind,
    MessageState,
)
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.messaging.send import Rejected, Sent, Uncertain
from conversation_service.store.outbox.entry import CorruptEntry, OutboxEntry
from conversation_service.store.outbox.outbox import Outbox
from conversation_service.store.outbox.settlement import DeadLettering, Settlement, StatusUpdate

log = structlog.get_logger()

# The state label of dead letters in the metric of settled messages.
DEAD_LETTERED = "DEAD"

# A backend does not answer: no message is the cause.
TRANSIENT = (BackendUnavailable, ConcurrentChange, RedisError, OSError)

_FAILED = (MessageState.FAILED, MessageState.UNDELIVERED, MessageState.EXPIRED)


class Settler:
    """Settles one pool's messages.

    Senders are notified before the state is recorded. After a crash in between they are notified
    again, and a second notice of the same failure is not sent.
    """

    def __init__(
        self,
        pool: str,
        outbox: Outbox,
        failures: FailureNotifier,
        settings: Callable[[], Awaitable[PoolSettings]],
    ) -> None:
        """`settings` loads the pool's current settings."""
        self._pool = pool
        self._outbox = outbox
        self._failures = failures
        self._settings = settings

    async def settle(
        self, token: str, entries: Sequence[OutboxEntry], outcomes: Sequence[Outcome], now: datetime
    ) -> None:
        """Removes entries with a final outcome from the outbox. Raises LeaseLost."""
        pairs = list(zip(entries, outcomes, strict=True))
        sent = [(entry, outcome) for entry, outcome in pairs if isinstance(outcome, Sent)]
        await self._notify([_failure(entry, outcome) for entry, outcome in sent])
        await self._record(token, [_settlement(*pair) for pair in sent], now)
        rejected = [entry for entry, outcome in pairs if isinstance(outcome, Rejected)]
        await self.dead_letter(token, rejected, DeadLetterReason.INVALID, now)
        uncertain = [entry for entry, outcome in pairs if isinstance(outcome, Uncertain)]
        await self._mark_uncertain(uncertain, now)

    async def dead_letter_corrupt(
        self, token: str, entries: Sequence[CorruptEntry], now: datetime
    ) -> None:
        """Moves entries that cannot be decoded to the dead letters. Raises LeaseLost."""
        if entries:
            log.error("texts_unreadable", texts=len(entries))
            await self.dead_letter(token, entries, DeadLetterReason.UNREADABLE, now)

    async def dead_letter(
        self,
        token: str,
        entries: Sequence[OutboxEntry | CorruptEntry],
        reason: DeadLetterReason,
        now: datetime,
    ) -> None:
        """Moves messages that cannot be processed to the dead letters. Raises LeaseLost.

        Their senders are notified that the messages may not arrive: a replay may still send them.
        """
        if not entries:
            return
        try:
            await self._notify(
                [_uncertain_notice(entry) for entry in entries if isinstance(entry, OutboxEntry)]
            )
        except TRANSIENT:
            raise
        except Exception as error:
            # An entry that also makes the notice fail must not stay in the outbox for ever.
            log.error("dead_letters_untold", error=type(error).__name__, texts=len(entries))
        kept = (await self._settings()).retention.dead_letters
        dead = [DeadLettering(entry.entry_id, entry.message_id, reason, kept) for entry in entries]
        await self._record(token, dead, now)

    async def _notify(self, failures: Sequence[DeliveryFailure | None]) -> None:
        notices = [failure for failure in failures if failure]
        if notices:
            await self._failures.notify(notices)

    async def _record(
        self, token: str, settled: Sequence[Settlement | DeadLettering], now: datetime
    ) -> None:
        if not settled:
            return
        await self._outbox.settle(token, settled, now)
        for item in settled:
            state = item.state.value if isinstance(item, Settlement) else DEAD_LETTERED
            metrics.SETTLED.labels(self._pool, state).inc()
            if isinstance(item, Settlement) and item.resolution:
                metrics.RESOLVED.labels(self._pool, item.resolution).inc()

    async def _mark_uncertain(self, entries: Sequence[OutboxEntry], now: datetime) -> None:
        """The messages stay in the outbox; the event is recorded once, however often this runs."""
        if entries:
            uncertain = MessageState.UNCERTAIN
            updates = [StatusUpdate(entry.message_id, uncertain) for entry in entries]
            await self._outbox.advance(updates, now)


def _uncertain_notice(entry: OutboxEntry) -> DeliveryFailure | None:
    """The failure to notify the sender of when a message becomes a dead letter."""
    return _failure_of_kind(entry, DeliveryFailureKind.UNCERTAIN)


def _settlement(entry: OutboxEntry, sent: Sent) -> Settlement:
    failure, resolution = sent.failure, sent.resolution
    return Settlement(entry.entry_id, entry.message_id, sent.state, failure, resolution)


def _failure(entry: OutboxEntry, sent: Sent) -> DeliveryFailure | None:
    """The failure to notify the sender of, if any. After an opt-out the conversation's end does."""
    kind = None if sent.is_opted_out else _failure_kind(sent)
    return _failure_of_kind(entry, kind) if kind else None


def _failure_of_kind(entry: OutboxEntry, kind: DeliveryFailureKind) -> DeliveryFailure | None:
    """None for a system message, unless a client's files were refused."""
    message = entry.message
    ids = (message.message_id, message.conversation_id, entry.person_id)
    failure = DeliveryFailure(*ids, kind, message.is_relayed)
    is_reported = message.is_relayed or failure.is_about_files
    return failure if is_reported and message.conversation_id else None


def _failure_kind(sent: Sent) -> DeliveryFailureKind | None:
    if sent.state is MessageState.UNCERTAIN:
        return DeliveryFailureKind.UNCERTAIN
    reason = sent.failure.reason if sent.failure else None
    if sent.state in _FAILED and reason is FailureReason.ATTACHMENTS_REFUSED:
        return DeliveryFailureKind.ATTACHMENTS_ONLY_REFUSED
    if sent.state in _FAILED:
        return DeliveryFailureKind.NOT_DELIVERED
    return DeliveryFailureKind.ATTACHMENTS_REFUSED if sent.refused_attachments else None
