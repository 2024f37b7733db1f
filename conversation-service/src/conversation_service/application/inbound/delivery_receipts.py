"""Delivery receipts of the carrier: message states move forward, senders are notified."""

import asyncio
from collections.abc import Sequence

from conversation_service.application.opt_outs import OptOuts
from conversation_service.application.pools import PoolContext, PoolDirectory
from conversation_service.application.restore_guard import IsOpen
from conversation_service.domain.commands.system.delivery_failure import failure_notice
from conversation_service.domain.errors import (
    ConversationError,
    InvalidArgument,
    RestorePending,
    SendTokenInvalid,
)
from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.model.message_records import MessageRecord
from conversation_service.domain.model.messages import (
    DeliveryFailure,
    DeliveryFailureKind,
    MessageState,
)
from conversation_service.domain.model.participants import Route
from conversation_service.messaging.client import CarrierReceipt, MessagingClient, ReceiptMatch
from conversation_service.store.outbox.settlement import StatusUpdate
from runtime.clock import Clock


class FailureNotifier:
    """Notifies senders in one pool of failed messages, once for each failure."""

    def __init__(self, pool: PoolContext) -> None:
        self._pool = pool

    async def notify(self, failures: Sequence[DeliveryFailure]) -> None:
        """Skips conversations that have been purged.

        Raises BackendUnavailable or ConcurrentChange; then the call may be repeated as a whole.
        """
        if not failures:
            return
        store = self._pool.store
        conversations = await asyncio.gather(
            *(store.get(failure.conversation_id) for failure in failures)
        )
        notices = (
            failure_notice(failure, conversation)
            for failure, conversation in zip(failures, conversations, strict=True)
            if conversation
        )
        commands = [notice for notice in notices if notice is not None]
        for result in await self._pool.executor.run_all(commands) if commands else ():
            if isinstance(result, ConversationError):
                raise result


ReceiptOutcome = bool | SendTokenInvalid | InvalidArgument

_FAILED = (MessageState.FAILED, MessageState.UNDELIVERED, MessageState.EXPIRED)


class DeliveryReceiptHandler:
    """Matches delivery receipts with messages and applies them."""

    def __init__(
        self,
        messaging: MessagingClient,
        directory: PoolDirectory,
        opt_outs: OptOuts,
        clock: Clock,
        is_open: IsOpen,
    ) -> None:
        self._messaging = messaging
        self._directory = directory
        self._opt_outs = opt_outs
        self._clock = clock
        self._is_open = is_open

    async def handle(self, receipts: Sequence[CarrierReceipt]) -> list[ReceiptOutcome]:
        """For each receipt: whether its message is known, or its refusal.

        Idempotent. Raises BackendUnavailable, RestorePending.
        """
        if not await self._is_open():
            raise RestorePending
        recorded = await self._messaging.record(receipts)
        matches = [result for result in recorded if isinstance(result, ReceiptMatch)]
        # Another replica may just have created a pool.
        await self._directory.refresh()
        for pool in self._directory.pools:
            matches_here = [match for match in matches if match.pool == pool.name]
            if matches_here:
                await self._notify_senders(pool, matches_here)
                await self._advance(pool, matches_here)
        return [
            result if isinstance(result, ConversationError) else result is not None
            for result in recorded
        ]

    async def _notify_senders(self, pool: PoolContext, matches: Sequence[ReceiptMatch]) -> None:
        """Called before the states are stored, so that after a crash the repeated receipt notifies.

        An opt-out ends the conversation, which notifies by itself.
        """
        failed = {
            match.message_id: match.state
            for match in matches
            if match.state in _FAILED and not match.is_opted_out
        }
        messages = await pool.outbox.messages(list(failed)) if failed else []
        failures = [
            _failure(message)
            for message in messages
            if message.is_relayed and failed[message.message_id].rank > message.state.rank
        ]
        await FailureNotifier(pool).notify(failures)

    async def _advance(self, pool: PoolContext, matches: Sequence[ReceiptMatch]) -> None:
        updates = [StatusUpdate(match.message_id, match.state, match.failure) for match in matches]
        recipients = await pool.outbox.advance(updates, self._clock.now())
        for match, person_id in zip(matches, recipients, strict=True):
            if match.is_opted_out and person_id:
                await self._record_carrier_block(pool, match.message_id, person_id)
                await self._opt_outs.opt_out(person_id, OptOutSource.CARRIER, match.message_id)

    async def _record_carrier_block(
        self, pool: PoolContext, message_id: str, person_id: str
    ) -> None:
        """The number is the conversation's: of a message outside of any it is not known."""
        for message in await pool.outbox.messages([message_id]):
            conversation = await pool.store.get(message.conversation_id)
            if conversation is None:
                continue
            for person in conversation.participants:
                if person.person_id == person_id:
                    route = Route(conversation.masked_number, person)
                    await pool.store.record_carrier_block(route)


def _failure(message: MessageRecord) -> DeliveryFailure:
    kind = DeliveryFailureKind.NOT_DELIVERED
    return DeliveryFailure(message.message_id, message.conversation_id, message.recipient_id, kind)
