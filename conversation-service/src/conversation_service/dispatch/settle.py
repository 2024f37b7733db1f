"""What became of texts: their senders are told, then it is written down."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

import structlog
from redis.exceptions import RedisError

from conversation_service.dispatch import metrics
from conversation_service.dispatch import settle as verdicts
from conversation_service.domain.errors import BackendUnavailable, CommitContention
from conversation_service.domain.model.events import Rule
from conversation_service.domain.model.messages import (
    DeliveryFailure,
    DeliveryFailureKind,
    MessageState,
)
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.messaging.send import Rejected, SendResult, Sent, Uncertain
from conversation_service.store.outbox.dead_letters import DeadLetterReason
from conversation_service.store.outbox.entry import CorruptEntry, OutboxEntry
from conversation_service.store.outbox.outbox import DeadLettering, Outbox, Settlement, StatusUpdate

log = structlog.get_logger()

DEAD_LETTERED = "DEAD"

# Something behind this service does not answer: no text has a part in that.
TRANSIENT = (BackendUnavailable, CommitContention, RedisError, OSError)


class Failures(Protocol):
    """Where people are told that texts of theirs did not arrive. All of it may be repeated."""

    async def tell(self, failures: Sequence[DeliveryFailure]) -> None:
        """Raises BackendUnavailable or TooManyRaces."""
        ...


class Settler:
    """Settles one pool's texts. Told first: what a crash leaves half done is told and done again,
    and nobody hears of it twice."""

    def __init__(
        self,
        pool: str,
        outbox: Outbox,
        failures: Failures,
        settings: Callable[[], Awaitable[PoolSettings]],
    ) -> None:
        """`settings` looks the pool's up as they are now."""
        self._pool = pool
        self._outbox = outbox
        self._failures = failures
        self._settings = settings

    async def settle(
        self, token: str, texts: Sequence[OutboxEntry], results: Sequence[SendResult], now: datetime
    ) -> None:
        """What is answered for is not owed any more. Raises LeaseLost."""
        pairs = list(zip(texts, results, strict=True))
        invalid = [text for text, result in pairs if isinstance(result, Rejected)]
        answered = [(text, one) for text, one in pairs if isinstance(one, Sent)]
        told = [verdicts.failure(text, one) for text, one in answered]
        await self._tell([one for one in told if one])
        await self._write(token, [verdicts.settlement(*one) for one in answered], now)
        await self.bury(token, invalid, DeadLetterReason.INVALID, now)
        unknown = [text for text, result in pairs if isinstance(result, Uncertain)]
        await self._unknown(unknown, now)

    async def bury(
        self,
        token: str,
        texts: Sequence[OutboxEntry | CorruptEntry],
        death: DeadLetterReason,
        now: datetime,
    ) -> None:
        """Texts that cannot be processed leave for the dead letters. Raises LeaseLost.

        Their senders are told that they may not arrive: they may still be sent again.
        """
        if not texts:
            return
        told = [verdicts.uncertain_notice(one) for one in texts if isinstance(one, OutboxEntry)]
        try:
            await self._tell([one for one in told if one])
        except TRANSIENT:
            raise
        except Exception as error:
            # Perhaps this is why they cannot be processed; it must not keep them here as well.
            log.error("dead_letters_untold", error=type(error).__name__, texts=len(texts))
        kept = (await self._settings()).dead_letters_kept
        burials = [DeadLettering(one.entry_id, one.message_id, death, kept) for one in texts]
        await self._write(token, burials, now)

    async def _tell(self, failures: Sequence[DeliveryFailure]) -> None:
        if failures:
            await self._failures.tell(failures)

    async def _write(
        self, token: str, settled: Sequence[Settlement | DeadLettering], now: datetime
    ) -> None:
        if not settled:
            return
        await self._outbox.settle(token, settled, now)
        for one in settled:
            state = one.state.value if isinstance(one, Settlement) else DEAD_LETTERED
            metrics.SETTLED.labels(self._pool, state).inc()
            if isinstance(one, Settlement) and one.resolution:
                metrics.RESOLVED.labels(self._pool, one.resolution).inc()

    async def _unknown(self, texts: Sequence[OutboxEntry], now: datetime) -> None:
        """They stay owed; that they are unknown is told once, however often it is said."""
        if texts:
            news = [StatusUpdate(text.message_id, MessageState.UNKNOWN) for text in texts]
            await self._outbox.advance(news, now)


_ONLY_FILES = "ATTACHMENTS_REFUSED"

_FAILED = (MessageState.REFUSED, MessageState.UNDELIVERED, MessageState.EXPIRED)


def settlement(text: OutboxEntry, answer: Sent) -> Settlement:
    """How far a text got."""
    rule = _rule(answer)
    return Settlement(text.entry_id, text.message_id, answer.state, rule, answer.resolution)


def failure(text: OutboxEntry, answer: Sent) -> DeliveryFailure | None:
    """What the sender is told; nothing of texts that arrive, nor of opt-outs: the end of the
    conversation tells of these."""
    kind = None if answer.is_opted_out else _failure_kind(answer)
    return _failure(text, kind) if kind else None


def uncertain_notice(text: OutboxEntry) -> DeliveryFailure | None:
    """What the sender is told of a text that waits for an operator."""
    return _failure(text, DeliveryFailureKind.UNCERTAIN)


def _failure(text: OutboxEntry, kind: DeliveryFailureKind) -> DeliveryFailure | None:
    envelope = text.envelope
    if not envelope.is_relayed or not envelope.conversation_id:
        return None
    return DeliveryFailure(text.message_id, envelope.conversation_id, text.person_id, kind)


def _failure_kind(answer: Sent) -> DeliveryFailureKind | None:
    if answer.state is MessageState.UNKNOWN:
        return DeliveryFailureKind.UNCERTAIN
    if answer.state in _FAILED:
        is_empty = answer.reason == _ONLY_FILES
        return (
            DeliveryFailureKind.ATTACHMENTS_ONLY_REFUSED
            if is_empty
            else DeliveryFailureKind.NOT_DELIVERED
        )
    return DeliveryFailureKind.ATTACHMENTS_REFUSED if answer.refused_attachments else None


def _rule(answer: Sent) -> Rule | None:
    """Why a text was refused, for its timeline."""
    if answer.is_opted_out:
        return Rule.OPTED_OUT
    return Rule.REFUSED_BY_CARRIER if answer.state is MessageState.REFUSED else None
