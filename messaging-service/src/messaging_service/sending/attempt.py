"""One text's way to the carrier: claimed, posted, settled, and looked into if need be."""

from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from messaging_service.ledger.decode import AlreadySent, Claim, Claimed, IdConflict, InProgress
from messaging_service.ledger.ledger import Ledger
from messaging_service.model.body import normalise_quotes
from messaging_service.model.errors import BackendUnavailable, MessageIdReused, SendInProgress
from messaging_service.model.message import (
    MessageRecord,
    MessageState,
    OutboundMessage,
    SendResult,
    Status,
    not_sent,
    refused,
    result_for,
)
from messaging_service.model.segments import segments_of
from messaging_service.model.send_tokens import new_attempt_id
from messaging_service.sending.posting import Posting
from messaging_service.uncertain.resolver import UncertainSendResolver
from runtime.clock import Clock

log = structlog.get_logger()

# Settling takes a moment after the answer, and two machines' clocks differ a little.
CLAIM_MARGIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long posting a text may take, and preparing its files before that."""

    send: timedelta
    files: timedelta

    def claim(self, text: OutboundMessage) -> timedelta:
        """How old a claim of a text may be; an older one belongs to nobody alive."""
        files = self.files if text.attachments else timedelta(0)
        return files + self.send + CLAIM_MARGIN


class SendAttempts:
    """Sends a text unless that was tried before. Nothing is sent without a claim."""

    def __init__(
        self,
        ledger: Ledger,
        posting: Posting,
        unknowns: UncertainSendResolver,
        clock: Clock,
        patience: Timeouts,
    ) -> None:
        self._ledger = ledger
        self._posting = posting
        self._unknowns = unknowns
        self._clock = clock
        self._patience = patience

    async def send(self, text: OutboundMessage) -> SendResult:
        """The first answer about this text, unless that was to be asked again.

        Raises BackendUnavailable.
        """
        result = await self._send(text)
        if text.attachments:
            return result
        return replace(result, segments=segments_of(_safe(text), media_count=0))

    async def _send(self, text: OutboundMessage) -> SendResult:
        doubts = self._posting.doubts
        attempt_id = doubts.pop(text.message_id) or new_attempt_id()
        match await self._claim(text, attempt_id):
            case Claimed():
                return await self._posting.post(_safe(text), attempt_id)
            case AlreadySent(message):
                return await self._repeat(text, message)
            case InProgress() as other:
                return await self._answer_for(text, other)
            case IdConflict():
                return refused(text.message_id, MessageIdReused(text.message_id))

    async def _claim(self, text: OutboundMessage, attempt_id: str) -> Claim:
        try:
            return await self._ledger.claim(text, attempt_id)
        except BackendUnavailable:
            # It may have been written all the same.
            self._posting.doubts.add(text.message_id, attempt_id)
            raise

    async def _repeat(self, text: OutboundMessage, message: MessageRecord) -> SendResult:
        if message.inquiry is None:
            return self._unknowns.answer(text, await self._ledger.caught_up(message))
        known = await self._unknowns.resolve(_safe(text), message)
        if known is None:
            # Once: a text that is lost again is not looked into before the schedule's first time.
            return await self._send(text)
        return self._unknowns.answer(text, known)

    async def _answer_for(self, text: OutboundMessage, other: InProgress) -> SendResult:
        """An attempt elsewhere: still under way, or died with what it knew."""
        patience = self._patience.claim(text)
        left = other.claim_time + patience - self._clock.now()
        if left > timedelta(0):
            return not_sent(text.message_id, SendInProgress(left))
        log.warning("attempt_abandoned", message_id=text.message_id)
        message = await self._ledger.lose(text.message_id, other.attempt_id)
        if message is None:
            return result_for(text.message_id, Status(MessageState.UNKNOWN))
        if message.is_open:
            # It lived after all, and gave the text back just now.
            return not_sent(text.message_id, SendInProgress(patience))
        return self._unknowns.answer(text, message)


def _safe(text: OutboundMessage) -> OutboundMessage:
    """The text as it is given to the carrier."""
    return replace(text, body=normalise_quotes(text.body))
