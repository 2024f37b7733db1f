"""Checks before sending: removed entries, expired messages, recipients who must get none."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from conversation_service.application.opt_outs import OptOuts
from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.model.events import Failure, FailureReason
from conversation_service.domain.model.messages import MessageState
from conversation_service.messaging.send import SendResult, Sent
from conversation_service.store.outbox.entry import OutboxEntry
from conversation_service.store.outbox.outbox import Outbox

_OPTED_OUT = Failure(FailureReason.OPTED_OUT)
_UNREACHABLE = Failure(FailureReason.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Removed:
    """The entry left the outbox after it was read, as its author or recipient was erased."""


Outcome = SendResult | Removed


@dataclass(frozen=True, slots=True)
class PreSendResult:
    """For each entry its outcome, None if it is to be sent; and the recipients who opted out."""

    outcomes: list[Sent | Removed | None]
    opted_out: AbstractSet[str]


class PreSendChecks:
    """Made immediately before sending: a message that was handed over cannot be taken back."""

    def __init__(self, outbox: Outbox, opt_outs: OptOuts) -> None:
        self._outbox = outbox
        self._opt_outs = opt_outs

    async def check(
        self, entries: Sequence[OutboxEntry], now: datetime, validity: timedelta
    ) -> PreSendResult:
        """Finds entries that must not be sent; messages older than `validity` expire."""
        expired = await self._expired(
            [entry for entry in entries if now - entry.accept_time > validity]
        )
        existing, opted_out, masked = await self._outbox.look_up(entries)

        def outcome(entry: OutboxEntry) -> Sent | Removed | None:
            if entry.entry_id not in existing:
                return Removed()
            if entry.message_id in expired:
                return Sent(MessageState.EXPIRED)
            if entry.person_id in opted_out and not entry.message.may_reach_opted_out:
                return Sent(MessageState.REFUSED, failure=_OPTED_OUT)
            if entry.person_id in masked:
                # A number that was a person's when the conversation began: a text would come back.
                return Sent(MessageState.REFUSED, failure=_UNREACHABLE)
            return None

        return PreSendResult([outcome(entry) for entry in entries], opted_out)

    async def report_opt_outs(
        self, entries: Sequence[OutboxEntry], outcomes: Sequence[Outcome], checked: PreSendResult
    ) -> None:
        """Ends the conversations of recipients who opted out.

        Either a conversation was started after the opt-out, or only the carrier knew of it.
        """
        for entry, outcome in zip(entries, outcomes, strict=True):
            if not isinstance(outcome, Sent) or not outcome.is_opted_out:
                continue
            if entry.person_id in checked.opted_out:
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
