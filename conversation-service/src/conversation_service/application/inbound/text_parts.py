"""Fetches the words of text parts before their messages are decided."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from conversation_service.domain.errors import BackendUnavailable
from conversation_service.domain.model.messages import InboundMessage
from conversation_service.domain.model.text_parts import TextPart, TextPartKind, with_text_parts
from conversation_service.messaging.media import MediaClient
from runtime.clock import SharedClock

# For all parts of a message. The messaging service spends three seconds on one, and the gateway's
# callback waits for eight, perhaps behind another message of the same sender.
FETCH_SECONDS = 4.0

# The carrier sends a callback again for two minutes, so one comes after this.
MAX_WAIT = timedelta(seconds=90)

_UNAVAILABLE = TextPart(TextPartKind.UNAVAILABLE)


class TextPartUnavailable(BackendUnavailable):
    """The words of a message cannot be fetched now: it has to come again."""


class TextPartReader:
    """Completes the bodies of inbound messages."""

    def __init__(self, media: MediaClient, clock: SharedClock) -> None:
        self._media = media
        self._clock = clock

    async def complete(self, message: InboundMessage) -> InboundMessage:
        """The message with the words of its text parts in its body.

        Raises MessagingUnavailable, and TextPartUnavailable until the carrier had the message for
        MAX_WAIT: then the words that are missing are refused, and their sender is notified.
        """
        parts = await self._fetch(message)
        is_incomplete = any(part.kind is TextPartKind.UNAVAILABLE for part in parts)
        if is_incomplete and not self._is_overdue(message):
            raise TextPartUnavailable
        return with_text_parts(message, parts)

    async def _fetch(self, message: InboundMessage) -> list[TextPart]:
        """One after the other, so that one message takes one place."""
        urls = [file.url for file in message.text_parts]
        parts: list[TextPart] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(FETCH_SECONDS):
                for url in urls:
                    parts.append(await self._media.fetch_text(url))
        return parts + [_UNAVAILABLE] * (len(urls) - len(parts))

    def _is_overdue(self, message: InboundMessage) -> bool:
        accepted = message.carrier_time
        return accepted is None or accepted <= self._clock.now() - MAX_WAIT
