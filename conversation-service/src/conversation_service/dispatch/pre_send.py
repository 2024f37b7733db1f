"""Checks before sending: removed entries, expired messages, recipients who must get none."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from conversation_service.application.opt_outs import OptOuts
from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.model.events import Failure, FailureReason
from conversation_service.domain.model.messages import MessageState
from conversation_service.domain.model.participants import Route
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.messaging.send import SendResult, Sent
from conversation_service.store.outbox.entry import OutboxEntry
from conversation_service.store.outbox.outbox import Outbox
from conversation_service.store.people import PeopleStatus

_OPTED_OUT = Failure(FailureReason.OPTED_OUT)
_UNREACHABLE = Failure(FailureReason.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Removed:
    """The entry left the outbox after it was read, as its author or recipient was erased."""


Outcome = SendResult | Removed


@dataclass(frozen=True, slots=True)
class PreSendResult:
    """For each entry its outcome, None if it is to be sent."""

    outcomes: list[Sent | Removed | None]
    recipients: PeopleStatus
    # The pool's, as they are now.
    settings: PoolSettings


class PreSendChecks:
    """Made immediately before sending: a message that was handed over cannot be taken back."""

    def __init__(
        self,
        outbox: Outbox,
        opt_outs: OptOuts,
        settings: Callable[[str], Awaitable[PoolSettings]],
        record_carrier_block: Callable[[Route], Awaitable[None]],
    ) -> None:
        """`settings` are the pool's of a version."""
        self._outbox = outbox
        self._opt_outs = opt_outs
        self._settings = settings
        self._record_carrier_block = record_carrier_block

    async def check(self, entries: Sequence[OutboxEntry], now: datetime) -> PreSendResult:
        """Finds entries that must not be sent. Messages that waited too long expire."""
        existing, recipients, pool_version = await self._outbox.look_up(entries)
        settings = await self._settings(pool_version)
        expired = await self._expired(
            [
                entry
                for entry in entries
                if now - entry.accept_time > settings.sending.message_validity
            ]
        )

        def outcome(entry: OutboxEntry) -> Sent | Removed | None:
            if entry.entry_id not in existing:
                return Removed()
            if entry.message_id in expired:
                return Sent(MessageState.EXPIRED)
            to = entry.message.to
            if to in recipients.opt_outs and not entry.message.may_reach_opted_out:
                return Sent(MessageState.FAILED, failure=_OPTED_OUT)
            if to in recipients.masked:
                # A number that was a person's when the conversation began: a text would come back.
                return Sent(MessageState.FAILED, failure=_UNREACHABLE)
            return None

        return PreSendResult([outcome(entry) for entry in entries], recipients, settings)

    async def report_opt_outs(
        self, entries: Sequence[OutboxEntry], outcomes: Sequence[Outcome], checked: PreSendResult
    ) -> None:
        """Ends the conversations of recipients who opted out.

        Either a conversation was started after the opt-out, or only the carrier knew of it.
        """
        for entry, before, outcome in zip(entries, checked.outcomes, outcomes, strict=True):
            if not isinstance(outcome, Sent) or not outcome.is_opted_out:
                continue
            if before is None:
                await self._record_carrier_block(Route(entry.message.from_number, entry.message.to))
            if entry.message.to in checked.recipients.opt_outs:
                await self._opt_outs.end_all(entry.person_id)
            else:
                source = OptOutSource.CARRIER
                await self._opt_outs.opt_out(entry.person_id, source, entry.message_id)

    async def _expired(self, old: Sequence[OutboxEntry]) -> set[str]:
        """The ids of those old messages that the carrier certainly does not have."""
        message_ids = [entry.message_id for entry in old]
        statuses = await self._outbox.messages(message_ids) if message_ids else []
        sent = {
            status.message_id for status in statuses if status.state is not MessageState.ACCEPTED
        }
        return set(message_ids) - sent
