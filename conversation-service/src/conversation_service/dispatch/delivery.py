"""One batch of owed texts: sent, and settled as far as it was."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from conversation_service.dispatch.lanes import Lanes
from conversation_service.domain.events import Rule
from conversation_service.domain.message import MessageState
from conversation_service.domain.opt_outs import OptOut, OptOutSource
from conversation_service.messaging.client import (
    Answered,
    NotSent,
    TextToSend,
)
from conversation_service.store.outbox import LeaseLost, Outbox, OwedText, Settlement
from runtime.clock import Clock

log = structlog.get_logger()

# A text that could not be sent for a day says something its receiver no longer expects.
VALIDITY = timedelta(hours=24)
# Long enough not to hammer what is down, short enough that nobody notices a restart.
RETRY_AFTER = timedelta(seconds=1)


class Sender(Protocol):
    """What of the messaging service a delivery needs."""

    async def send(self, texts: Sequence[TextToSend]) -> list[Answered | NotSent]:
        """Sends texts, one result each, in order. Raises MessagingUnavailable."""
        ...


class Suppression(Protocol):
    """What of the suppression list a delivery needs."""

    async def find(self, person_ids: Sequence[str]) -> Mapping[str, OptOut]:
        """The opt-outs among these people."""
        ...


class OptOutBook(Protocol):
    """Where it is told that somebody gets no more texts. All of it may be repeated."""

    async def opt_out(self, person_id: str, source: OptOutSource, intent_id: str) -> None:
        """Puts a person on the list and ends their conversations."""
        ...

    async def end_all(self, person_id: str) -> None:
        """Ends the conversations of a person who is on the list."""
        ...


class Delivery:
    """Sends batches of one pool. It may be asked for the same text again: the messaging service
    sends each message id once."""

    def __init__(
        self,
        pool: str,
        outbox: Outbox,
        sender: Sender,
        suppression: Suppression,
        opt_outs: OptOutBook,
        clock: Clock,
    ) -> None:
        self._pool = pool
        self._outbox = outbox
        self._sender = sender
        self._suppression = suppression
        self._opt_outs = opt_outs
        self._clock = clock

    async def deliver(self, batch: Sequence[OwedText], lanes: Lanes, token: str) -> None:
        """Sends each text; its lane goes on behind it, or tries it again. Raises LeaseLost."""
        try:
            results = await self._send(batch)
            await self._settle(batch, results, token)
        except LeaseLost:
            raise
        except Exception as error:
            # Whatever it was, the texts are still owed: only their age ends the trying.
            log.warning("delivery_failed", error=type(error).__name__, texts=len(batch))
            results = [NotSent(RETRY_AFTER)] * len(batch)
        now = self._clock.now()
        for text, result in zip(batch, results, strict=True):
            if isinstance(result, NotSent):
                lanes.pause(text, now + result.retry_after)
            else:
                lanes.done(text)

    async def _send(self, batch: Sequence[OwedText]) -> list[Answered | NotSent]:
        """Asks the suppression list at the last moment: later nothing can be held back."""
        now = self._clock.now()
        people = list(dict.fromkeys(text.person_id for text in batch))
        suppressed = await self._suppression.find(people)
        known = [_without_sending(text, suppressed, now) for text in batch]
        fresh = [text for text, answer in zip(batch, known, strict=True) if answer is None]
        results = await self._sender.send([self._to_send(text) for text in fresh]) if fresh else []
        sent = iter(results)
        answers = [next(sent) if answer is None else answer for answer in known]
        await self._note_opt_outs(batch, answers, suppressed)
        return answers

    async def _note_opt_outs(
        self,
        batch: Sequence[OwedText],
        answers: Sequence[Answered | NotSent],
        suppressed: Mapping[str, OptOut],
    ) -> None:
        """A text for somebody who opted out means that a conversation was begun meanwhile, or that
        the carrier knew of it before we did."""
        for text, answer in zip(batch, answers, strict=True):
            person_id = text.person_id
            if not isinstance(answer, Answered) or not answer.is_opted_out:
                continue
            if person_id in suppressed:
                await self._opt_outs.end_all(person_id)
            else:
                source = OptOutSource.CARRIER
                await self._opt_outs.opt_out(person_id, source, text.message_id)

    async def _settle(
        self, batch: Sequence[OwedText], results: Sequence[Answered | NotSent], token: str
    ) -> None:
        settled = [
            Settlement(text.entry_id, text.message_id, result.state, _rule(result))
            for text, result in zip(batch, results, strict=True)
            if isinstance(result, Answered)
        ]
        if settled:
            await self._outbox.settle(token, settled, self._clock.now())

    def _to_send(self, text: OwedText) -> TextToSend:
        envelope = text.envelope
        return TextToSend(
            text.message_id,
            self._pool,
            envelope.from_number,
            envelope.to_number,
            envelope.body,
        )


def _without_sending(
    text: OwedText, suppressed: Mapping[str, OptOut], now: datetime
) -> Answered | None:
    """What becomes of a text that must not be sent; None for all others."""
    if now - text.accept_time > VALIDITY:
        return Answered(MessageState.EXPIRED)
    if text.person_id in suppressed and not text.envelope.may_reach_opted_out:
        return Answered(MessageState.REFUSED, is_opted_out=True)
    return None


def _rule(answer: Answered) -> Rule | None:
    """Why a text was refused, for its timeline."""
    if answer.is_opted_out:
        return Rule.OPTED_OUT
    return Rule.REFUSED_BY_CARRIER if answer.state is MessageState.REFUSED else None
