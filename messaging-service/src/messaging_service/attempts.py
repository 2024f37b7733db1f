"""One text's way to the carrier: claimed, posted, settled."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import structlog

from messaging_service.carrier import Accepted, Answer, Carrier, NotSent, Refused, Unknown
from messaging_service.domain import (
    Message,
    MessageState,
    SendResult,
    Standing,
    Text,
    not_sent,
    refused,
    result_of,
)
from messaging_service.errors import (
    BackendUnavailable,
    MessageIdReused,
    MessagingError,
    SendInProgress,
)
from messaging_service.ledger import Claim, Claimed, InProgress, Ledger, Repeated, Reused
from runtime.clock import Clock

log = structlog.get_logger()

# Settling takes a moment after the answer, and two machines' clocks differ a little.
CLAIM_MARGIN = timedelta(seconds=5)
# What the carrier answered is worth half a minute of a Redis that restarts.
SETTLE_PAUSES_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0, 5.0, 5.0)
TOKEN_BYTES = 24
# As many claims as an outage may leave in doubt; above it the oldest is forgotten and its text
# becomes UNKNOWN.
DOUBTS_LIMIT = 4096

Result = TypeVar("Result")


class Attempts:
    """Sends a text unless that was tried before. Nothing is sent without a claim."""

    def __init__(
        self,
        ledger: Ledger,
        carrier: Carrier,
        clock: Clock,
        *,
        send_timeout: timedelta,
    ) -> None:
        self._ledger = ledger
        self._carrier = carrier
        self._clock = clock
        # A claim older than this belongs to nobody alive.
        self._patience = send_timeout + CLAIM_MARGIN
        self._doubtful_tokens: dict[str, str] = {}

    async def send(self, text: Text) -> SendResult:
        """The first answer about this text. Raises BackendUnavailable."""
        send_token = self._doubtful_tokens.pop(text.message_id, "")
        send_token = send_token or secrets.token_urlsafe(TOKEN_BYTES)
        match await self._claim(text, send_token):
            case Claimed():
                return await self._post(text, send_token)
            case Repeated(message):
                return result_of(text.message_id, message.standing)
            case InProgress() as other:
                return await self._answer_for(text, other)
            case Reused():
                return refused(text.message_id, MessageIdReused(text.message_id))

    async def _claim(self, text: Text, send_token: str) -> Claim:
        try:
            return await self._ledger.claim(text, send_token)
        except BackendUnavailable:
            # It may have been written all the same.
            self._doubt(text, send_token)
            raise

    async def _post(self, text: Text, send_token: str) -> SendResult:
        answer = await self._carrier.send(text, send_token)
        _log(text.message_id, answer)
        match answer:
            case Accepted(carrier_message_id):
                standing = Standing(MessageState.SENT)
                return await self._settle(text, send_token, standing, carrier_message_id)
            case Refused(error):
                standing = Standing(MessageState.REFUSED, error.reason)
                return await self._settle(text, send_token, standing)
            case Unknown():
                return await self._settle(text, send_token, Standing(MessageState.UNKNOWN))
            case NotSent(error):
                return await self._release(text, send_token, error)

    async def _settle(
        self, text: Text, send_token: str, standing: Standing, carrier_message_id: str = ""
    ) -> SendResult:
        async def settle() -> Message | None:
            return await self._ledger.settle(
                text.message_id, send_token, standing, carrier_message_id
            )

        message = await self._until_recorded(settle)
        return result_of(text.message_id, message.standing if message else standing)

    async def _release(self, text: Text, send_token: str, error: MessagingError) -> SendResult:
        async def release() -> Message | None:
            return await self._ledger.release(text.message_id, send_token)

        try:
            message = await self._until_recorded(release)
        except BackendUnavailable:
            self._doubt(text, send_token)
            raise
        if message is None:
            return not_sent(text.message_id, error)
        return result_of(text.message_id, message.standing)

    async def _answer_for(self, text: Text, other: InProgress) -> SendResult:
        """An attempt elsewhere: still under way, or died with what it knew."""
        left = other.claim_time + self._patience - self._clock.now()
        if left > timedelta(0):
            return not_sent(text.message_id, SendInProgress(left))
        log.warning("attempt_abandoned", message_id=text.message_id)
        unknown = Standing(MessageState.UNKNOWN)
        message = await self._ledger.settle(text.message_id, other.send_token, unknown)
        standing = message.standing if message else unknown
        if standing.state is MessageState.ACCEPTED:
            # It lived after all, and gave the text back just now.
            return not_sent(text.message_id, SendInProgress(self._patience))
        return result_of(text.message_id, standing)

    def _doubt(self, text: Text, send_token: str) -> None:
        """Remembers a token that may hold a text which was surely not sent under it.

        The next try takes it up again instead of finding the text in strange hands.
        """
        self._doubtful_tokens[text.message_id] = send_token
        if len(self._doubtful_tokens) > DOUBTS_LIMIT:
            self._doubtful_tokens.pop(next(iter(self._doubtful_tokens)))

    async def _until_recorded(self, write: Callable[[], Awaitable[Result]]) -> Result:
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
        case Refused(error, why) | NotSent(error, why):
            event = "text_refused" if isinstance(answer, Refused) else "text_not_sent"
            log.warning(event, message_id=message_id, reason=error.reason, why=why)
        case Unknown(why):
            log.warning("send_unknown", message_id=message_id, why=why)
