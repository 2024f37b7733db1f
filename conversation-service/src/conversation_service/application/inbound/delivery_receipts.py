"""The carrier's delivery receipts."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from conversation_service.application.opt_outs import OptOuts
from conversation_service.application.pools import PoolContext, PoolDirectory
from conversation_service.domain.commands.system.delivery_failure import failure_notice
from conversation_service.domain.errors import ConversationError, SendTokenNotValid
from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.model.events import Rule
from conversation_service.domain.model.messages import (
    DeliveryFailure,
    DeliveryFailureKind,
    MessageState,
)
from conversation_service.messaging.client import CarrierReceipt, ReceiptMatch, Recorded
from conversation_service.store.outbox.outbox import MessageStatus
from conversation_service.store.outbox.settlement import StatusUpdate
from runtime.clock import Clock


class FailureNotifier:
    """One pool's. The same failure may be told again: its sender hears of it once."""

    def __init__(self, pool: PoolContext) -> None:
        self._pool = pool

    async def tell(self, failures: Sequence[DeliveryFailure]) -> None:
        """Raises BackendUnavailable or TooManyRaces; then all of them may be told again.

        What is about a conversation that is forgotten is told to nobody.
        """
        if not failures:
            return
        store = self._pool.store
        found = await asyncio.gather(*(store.get(one.conversation_id) for one in failures))
        told = (
            failure_notice(one, known) for one, known in zip(failures, found, strict=True) if known
        )
        intents = [one for one in told if one is not None]
        for result in await self._pool.executor.run_all(intents) if intents else ():
            if isinstance(result, ConversationError):
                raise result


ReceiptOutcome = bool | SendTokenNotValid

_FAILED = (MessageState.REFUSED, MessageState.UNDELIVERED, MessageState.EXPIRED)


class DeliveryReceiptHandler:
    """Finds the texts that receipts speak of and moves them forward."""

    def __init__(
        self, messaging: "Recorder", directory: PoolDirectory, opt_outs: OptOuts, clock: Clock
    ) -> None:
        self._messaging = messaging
        self._directory = directory
        self._opt_outs = opt_outs
        self._clock = clock

    async def take(self, receipts: Sequence[CarrierReceipt]) -> list[ReceiptOutcome]:
        """Whether each receipt's text is known; a forged one is refused.

        Raises BackendUnavailable; repeats are harmless.
        """
        recorded = await self._messaging.record(receipts)
        matches = [one for one in recorded if isinstance(one, ReceiptMatch)]
        # A pool may have been created by another replica a moment ago.
        await self._directory.refresh()
        for pool in self._directory.pools:
            known = [match for match in matches if match.pool == pool.name]
            if known:
                await self._tell(pool, known)
                await self._advance(pool, known)
        return [one if isinstance(one, SendTokenNotValid) else one is not None for one in recorded]

    async def _tell(self, pool: PoolContext, matches: Sequence[ReceiptMatch]) -> None:
        """Before their states say so: what a crash leaves untold is told by the next receipt.

        Of an opt-out the end of the conversation tells.
        """
        failed = {
            one.message_id: one.state
            for one in matches
            if one.state in _FAILED and not one.is_opted_out
        }
        known = await pool.outbox.messages(list(failed)) if failed else []
        news = [one for one in known if failed[one.message_id].rank > one.state.rank]
        await FailureNotifier(pool).tell([_failure(one) for one in news if one.is_relayed])

    async def _advance(self, pool: PoolContext, matches: Sequence[ReceiptMatch]) -> None:
        news = [StatusUpdate(one.message_id, one.state, _rule(one)) for one in matches]
        recipients = await pool.outbox.advance(news, self._clock.now())
        for match, person_id in zip(matches, recipients, strict=True):
            if match.is_opted_out and person_id:
                await self._opt_outs.opt_out(person_id, OptOutSource.CARRIER, match.message_id)


class Recorder(Protocol):
    """What of the messaging service receipts need."""

    async def record(self, receipts: Sequence[CarrierReceipt]) -> list[Recorded]:
        """Hands receipts in, an answer for each, in order. Raises MessagingUnavailable."""
        ...


def _failure(message: MessageStatus) -> DeliveryFailure:
    kind = DeliveryFailureKind.NOT_DELIVERED
    return DeliveryFailure(message.message_id, message.conversation_id, message.recipient_id, kind)


def _rule(match: ReceiptMatch) -> Rule | None:
    return Rule.OPTED_OUT if match.is_opted_out else None
