"""A claimed text on its way to the carrier, and what came of it on its way into the ledger."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import structlog

from messaging_service.carrier.port import Accepted, Answer, NotSent, Refused, Unknown
from messaging_service.ledger.ledger import Ledger
from messaging_service.model.errors import (
    AttachmentsRefused,
    BackendUnavailable,
    CarrierAccountRefused,
    MessagingError,
    SendInProgress,
    SendPaced,
)
from messaging_service.model.media import MediaUnavailable, Prepared
from messaging_service.model.message import (
    MessageRecord,
    MessageState,
    OutboundMessage,
    SendResult,
    Status,
    UnknownResolution,
    not_sent,
    result_for,
)
from messaging_service.sending.carrier_gate import CarrierGate
from messaging_service.sending.uncertain_claims import UncertainClaims
from messaging_service.uncertain.resolver import UncertainSendResolver
from messaging_service.uncertain.schedule import LONGEST_PAUSE

log = structlog.get_logger()

# What the carrier answered is worth half a minute of a Redis that restarts.
SETTLE_PAUSES_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0, 5.0, 5.0)

Result = TypeVar("Result")


class Files(Protocol):
    """Brings a text's files to where the carrier can fetch them."""

    async def prepare(self, text: OutboundMessage) -> Prepared:
        """See MediaRoom."""
        ...


class Posting:
    """Posts what is claimed, at most once for each claim."""

    def __init__(
        self, ledger: Ledger, files: Files, departures: CarrierGate, unknowns: UncertainSendResolver
    ) -> None:
        self._ledger = ledger
        self._files = files
        self._departures = departures
        self._unknowns = unknowns
        self.doubts = UncertainClaims()

    async def post(self, text: OutboundMessage, attempt_id: str) -> SendResult:
        """What came of a text that the attempt holds. Raises BackendUnavailable."""
        try:
            answer = await self._answer(text, attempt_id)
        except BackendUnavailable:
            # Nothing was posted, and the claim is still there.
            self.doubts.add(text.message_id, attempt_id)
            raise
        _log(text.message_id, answer)
        return await self._record(text, attempt_id, answer)

    async def _answer(self, text: OutboundMessage, attempt_id: str) -> Answer:
        try:
            prepared = await self._files.prepare(text)
        except MediaUnavailable as error:
            return NotSent(error, "files")
        if text.attachments and not await self._is_noted(text, attempt_id, prepared):
            # It took so long that the claim was thought abandoned.
            return NotSent(SendInProgress(LONGEST_PAUSE), "claim lost")
        if not text.body and not prepared.urls:
            return Refused(AttachmentsRefused(), "files")
        return await self._departures.post(text, attempt_id, prepared.urls)

    async def _is_noted(self, text: OutboundMessage, attempt_id: str, prepared: Prepared) -> bool:
        count, refused = len(prepared.urls), prepared.refused
        return await self._ledger.note_media(text.message_id, attempt_id, count, refused)

    async def _record(self, text: OutboundMessage, attempt_id: str, answer: Answer) -> SendResult:
        match answer:
            case Accepted(carrier_message_id):
                standing = Status(MessageState.SENT)
                return await self._settle(text, attempt_id, standing, carrier_message_id)
            case Refused(error):
                standing = Status(MessageState.REFUSED, error.reason)
                return await self._settle(text, attempt_id, standing)
            case Unknown():
                return await self._lose(text, attempt_id)
            case NotSent(error):
                return await self._release(text, attempt_id, error)

    async def _settle(
        self, text: OutboundMessage, attempt_id: str, standing: Status, carrier_message_id: str = ""
    ) -> SendResult:
        message = await _until_recorded(
            lambda: self._ledger.settle(text.message_id, attempt_id, standing, carrier_message_id)
        )
        return self._result(text, message, standing)

    async def _lose(self, text: OutboundMessage, attempt_id: str) -> SendResult:
        receipt = UnknownResolution.RECEIPT
        message = await _until_recorded(
            lambda: self._ledger.lose(text.message_id, attempt_id, receipt)
        )
        return self._result(text, message, Status(MessageState.UNKNOWN))

    async def _release(
        self, text: OutboundMessage, attempt_id: str, error: MessagingError
    ) -> SendResult:
        try:
            message = await _until_recorded(
                lambda: self._ledger.release(text.message_id, attempt_id)
            )
        except BackendUnavailable:
            self.doubts.add(text.message_id, attempt_id)
            raise
        return self._unknowns.answer(text, message) if message else not_sent(text.message_id, error)

    def _result(
        self, text: OutboundMessage, message: MessageRecord | None, standing: Status
    ) -> SendResult:
        """A ledger that lost the text does not make the carrier's answer wrong."""
        if message is None:
            return result_for(text.message_id, standing)
        return self._unknowns.answer(text, message)


async def _until_recorded(write: Callable[[], Awaitable[Result]]) -> Result:
    """What the carrier answered is known only here, so a silent Redis is asked again."""
    for pause_seconds in SETTLE_PAUSES_SECONDS:
        try:
            return await write()
        except BackendUnavailable:
            await asyncio.sleep(pause_seconds)
    return await write()


def _log(message_id: str, answer: Answer) -> None:
    match answer:
        case Accepted(carrier_message_id):
            log.debug("text_sent", message_id=message_id, carrier_message_id=carrier_message_id)
        case Refused(CarrierAccountRefused() as error, why):
            log.error("text_refused", message_id=message_id, reason=error.reason, why=why)
        case Refused(error, why):
            log.warning("text_refused", message_id=message_id, reason=error.reason, why=why)
        case NotSent(SendPaced() as error, why):
            log.debug("text_not_sent", message_id=message_id, reason=error.reason, why=why)
        case NotSent(error, why):
            log.warning("text_not_sent", message_id=message_id, reason=error.reason, why=why)
        case Unknown(why):
            log.warning("send_unknown", message_id=message_id, why=why)
