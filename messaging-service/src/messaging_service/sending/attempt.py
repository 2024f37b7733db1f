"""One attempt to send a message: claim, prepare attachments, post, record the answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

import structlog

from messaging_service.carrier.port import Accepted, Answer, NotSent, Refused, Uncertain
from messaging_service.ledger.decode import AlreadySent, Claim, Claimed, IdConflict, InProgress
from messaging_service.ledger.ledger import Ledger
from messaging_service.media.relay import MediaRelay
from messaging_service.model.body import normalise_quotes
from messaging_service.model.errors import (
    BackendUnavailable,
    MediaUnavailable,
    MessageIdReused,
    MessagingError,
    SendInProgress,
    SendPaced,
)
from messaging_service.model.failure import Failure, FailureReason
from messaging_service.model.message import (
    MessageRecord,
    MessageState,
    OutboundMessage,
    SendResolution,
    Status,
)
from messaging_service.model.segments import segments_of
from messaging_service.model.send_result import SendResult, not_sent, refused, result_for
from messaging_service.model.send_tokens import new_attempt_id
from messaging_service.sending.carrier_gate import CarrierGate, GateRequest
from messaging_service.sending.uncertain_claims import UncertainClaims
from messaging_service.uncertain.resolver import UncertainSendResolver
from messaging_service.uncertain.schedule import MAX_RETRY_DELAY
from runtime.clock import Clock
from runtime.redis.scripts import Reply

log = structlog.get_logger()

# Recording the answer takes a moment, and two machines' clocks differ a little.
CLAIM_MARGIN = timedelta(seconds=5)

# The carrier's answer is worth waiting half a minute for a Redis that restarts.
RECORD_RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0, 5.0, 5.0)

_FILES_REFUSED = Failure(FailureReason.ATTACHMENTS_REFUSED)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long posting a message may take, and preparing its attachments before that."""

    send: timedelta
    files: timedelta

    def claim(self, message: OutboundMessage) -> timedelta:
        """How old a claim may be. The process that holds an older one has died."""
        files = self.files if message.attachments else timedelta(0)
        return files + self.send + CLAIM_MARGIN


class SendAttempts:
    """Sends a message unless it was sent before. Each claim is posted at most once."""

    def __init__(
        self,
        ledger: Ledger,
        media: MediaRelay,
        gate: CarrierGate,
        resolver: UncertainSendResolver,
        clock: Clock,
        timeouts: Timeouts,
    ) -> None:
        self._ledger = ledger
        self._media = media
        self._gate = gate
        self._resolver = resolver
        self._clock = clock
        self._timeouts = timeouts
        self._uncertain_claims = UncertainClaims()

    async def send(self, message: OutboundMessage) -> SendResult:
        """The first result of this message, unless that asked for a retry.

        Raises BackendUnavailable.
        """
        result = await self._send(message)
        if message.attachments or result.segments:
            return result
        return replace(result, segments=segments_of(_sendable(message), media_count=0))

    async def _send(self, message: OutboundMessage) -> SendResult:
        attempt_id = self._uncertain_claims.pop(message.message_id) or new_attempt_id()
        sendable = _sendable(message)
        # How an MMS counts is known when its files are prepared.
        request = None if message.attachments else self._gate.request(sendable)
        claim, replies = await self._claim(message, attempt_id, request)
        if not isinstance(claim, Claimed):
            if request:
                await self._gate.withdraw(request, replies)
            return await self._result_of(message, claim)
        if request:
            return await self._post(
                sendable, attempt_id, self._gate.post(request, replies, attempt_id)
            )
        return await self._post(sendable, attempt_id, self._answer_to_mms(sendable, attempt_id))

    async def _claim(
        self, message: OutboundMessage, attempt_id: str, request: GateRequest | None
    ) -> tuple[Claim, Sequence[Reply]]:
        """Asks for the claim, and in the same round trip whether the message may be posted now."""
        commands = request.commands if request else ()
        try:
            return await self._ledger.claim(message, attempt_id, *commands)
        except BackendUnavailable:
            # Redis may have stored the claim all the same.
            self._uncertain_claims.add(message.message_id, attempt_id)
            if request:
                self._gate.release(request)
            raise

    async def _result_of(
        self, message: OutboundMessage, claim: AlreadySent | InProgress | IdConflict
    ) -> SendResult:
        match claim:
            case AlreadySent(record):
                return await self._repeat(message, record)
            case InProgress() as other:
                return await self._result_of_other(message, other)
            case IdConflict():
                return refused(message.message_id, MessageIdReused(message.message_id))

    async def _repeat(self, message: OutboundMessage, record: MessageRecord) -> SendResult:
        sendable = _sendable(message)
        if record.uncertain_send is None:
            record = await self._ledger.apply_parked_receipts(record)
            return self._resolver.result_for(sendable, record)
        resolved = await self._resolver.resolve(sendable, record)
        if resolved is None:
            # At most once: a new uncertain send has no lookup due yet.
            return await self._send(message)
        return self._resolver.result_for(sendable, resolved)

    async def _result_of_other(self, message: OutboundMessage, other: InProgress) -> SendResult:
        """Another process has the claim: it is still sending, or it died without a result."""
        timeout = self._timeouts.claim(message)
        left = other.claim_time + timeout - self._clock.now()
        if left > timedelta(0):
            return not_sent(message.message_id, SendInProgress(left))
        log.warning("attempt_abandoned", message_id=message.message_id)
        record = await self._ledger.mark_uncertain(message.message_id, other.attempt_id)
        if record is None:
            return result_for(message.message_id, Status(MessageState.UNCERTAIN))
        if record.is_open:
            # The other process lives and has just released the claim.
            return not_sent(message.message_id, SendInProgress(timeout))
        return self._resolver.result_for(_sendable(message), record)

    async def _post(
        self, message: OutboundMessage, attempt_id: str, answering: Awaitable[Answer]
    ) -> SendResult:
        try:
            answer = await answering
        except BackendUnavailable:
            # Nothing was posted, and the claim still stands.
            self._uncertain_claims.add(message.message_id, attempt_id)
            raise
        _log(message.message_id, answer)
        return await self._record(message, attempt_id, answer)

    async def _answer_to_mms(self, message: OutboundMessage, attempt_id: str) -> Answer:
        try:
            prepared = await self._media.prepare(message)
        except MediaUnavailable as error:
            return NotSent(error, "files")
        if not await self._ledger.record_media(
            message.message_id, attempt_id, len(prepared.urls), prepared.refused
        ):
            # The files took so long that another process considers the claim abandoned.
            return NotSent(SendInProgress(MAX_RETRY_DELAY), "claim lost")
        if not message.body and not prepared.urls:
            return Refused(_FILES_REFUSED, "files")
        request = self._gate.request(message, len(prepared.urls))
        replies = await self._gate.ask(request)
        return await self._gate.post(request, replies, attempt_id, prepared.urls)

    async def _record(
        self, message: OutboundMessage, attempt_id: str, answer: Answer
    ) -> SendResult:
        match answer:
            case Accepted(carrier_message_id):
                status = Status(MessageState.SENT)
                return await self._settle(message, attempt_id, status, carrier_message_id)
            case Refused(failure):
                status = Status(MessageState.FAILED, failure)
                return await self._settle(message, attempt_id, status)
            case Uncertain():
                return await self._mark_uncertain(message, attempt_id)
            case NotSent(error):
                return await self._release(message, attempt_id, error)

    async def _settle(
        self,
        message: OutboundMessage,
        attempt_id: str,
        status: Status,
        carrier_message_id: str = "",
    ) -> SendResult:
        arguments = (message.message_id, attempt_id, status, carrier_message_id)
        record = await retry_until_recorded(lambda: self._ledger.settle(*arguments))
        return self._result(message, record, status)

    async def _mark_uncertain(self, message: OutboundMessage, attempt_id: str) -> SendResult:
        arguments = (message.message_id, attempt_id, SendResolution.RECEIPT)
        record = await retry_until_recorded(lambda: self._ledger.mark_uncertain(*arguments))
        return self._result(message, record, Status(MessageState.UNCERTAIN))

    async def _release(
        self, message: OutboundMessage, attempt_id: str, error: MessagingError
    ) -> SendResult:
        message_id = message.message_id
        try:
            record = await retry_until_recorded(
                lambda: self._ledger.release(message_id, attempt_id)
            )
        except BackendUnavailable:
            self._uncertain_claims.add(message_id, attempt_id)
            raise
        return self._resolver.result_for(message, record) if record else not_sent(message_id, error)

    def _result(
        self, message: OutboundMessage, record: MessageRecord | None, status: Status
    ) -> SendResult:
        """The carrier's answer counts even if Redis lost the message meanwhile."""
        if record is None:
            return result_for(message.message_id, status)
        return self._resolver.result_for(message, record)


def _sendable(message: OutboundMessage) -> OutboundMessage:
    """The message as the carrier gets it."""
    body = normalise_quotes(message.body)
    return message if body == message.body else replace(message, body=body)


async def retry_until_recorded(write: Callable[[], Awaitable[Result]]) -> Result:
    """Retries a write to the ledger: only this process knows the carrier's answer."""
    for delay_seconds in RECORD_RETRY_SECONDS:
        try:
            return await write()
        except BackendUnavailable:
            await asyncio.sleep(delay_seconds)
    return await write()


def _log(message_id: str, answer: Answer) -> None:
    match answer:
        case Accepted(carrier_message_id):
            log.debug("text_sent", message_id=message_id, carrier_message_id=carrier_message_id)
        case Refused(failure, why):
            reason = failure.reason.value
            if failure.reason is FailureReason.SENDER_NOT_AUTHORIZED:
                # It needs an operator.
                log.error("text_refused", message_id=message_id, reason=reason, why=why)
            else:
                log.warning("text_refused", message_id=message_id, reason=reason, why=why)
        case NotSent(SendPaced() as error, why):
            log.debug("text_not_sent", message_id=message_id, reason=error.reason, why=why)
        case NotSent(error, why):
            log.warning("text_not_sent", message_id=message_id, reason=error.reason, why=why)
        case Uncertain(why):
            log.warning("send_unknown", message_id=message_id, why=why)
