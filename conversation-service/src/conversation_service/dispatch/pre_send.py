"""What is known of texts without sending them: too old, or for people who want none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.messages import MessageState
from conversation_service.messaging.send import SendResult, Sent
from conversation_service.store.outbox.entry import OutboxEntry
from conversation_service.store.outbox.outbox import Outbox


class Suppression(Protocol):
    """What of the suppression list is needed here."""

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


@dataclass(frozen=True, slots=True)
class PreSendResult:
    """The answers that are known already, None for what is to be sent; and who opted out."""

    answers: list[Sent | None]
    suppressed: Mapping[str, OptOut]


class PreSendChecks:
    """Asked at the last moment: later nothing can be held back."""

    def __init__(self, outbox: Outbox, suppression: Suppression, opt_outs: OptOutBook) -> None:
        self._outbox = outbox
        self._suppression = suppression
        self._opt_outs = opt_outs

    async def screen(
        self, texts: Sequence[OutboxEntry], now: datetime, validity: timedelta
    ) -> PreSendResult:
        """What must not be sent, and why."""
        people = list(dict.fromkeys(text.person_id for text in texts))
        suppressed = await self._suppression.find(people)
        expired = await self._expired([one for one in texts if now - one.accept_time > validity])
        return PreSendResult([_known(text, suppressed, expired) for text in texts], suppressed)

    async def note(
        self, texts: Sequence[OutboxEntry], results: Sequence[SendResult], screened: PreSendResult
    ) -> None:
        """A text for somebody who opted out means that a conversation was begun meanwhile, or that
        the carrier knew of it before we did."""
        for text, result in zip(texts, results, strict=True):
            person_id = text.person_id
            if not isinstance(result, Sent) or not result.is_opted_out:
                continue
            if person_id in screened.suppressed:
                await self._opt_outs.end_all(person_id)
            else:
                source = OptOutSource.CARRIER
                await self._opt_outs.opt_out(person_id, source, text.message_id)

    async def _expired(self, old: Sequence[OutboxEntry]) -> set[str]:
        """Of texts that are too old, those that the carrier surely does not have."""
        names = [text.message_id for text in old]
        known = await self._outbox.messages(names) if names else []
        begun = {one.message_id for one in known if one.state is not MessageState.ACCEPTED}
        return set(names) - begun


def _known(text: OutboxEntry, suppressed: Mapping[str, OptOut], expired: set[str]) -> Sent | None:
    if text.message_id in expired:
        return Sent(MessageState.EXPIRED)
    if text.person_id in suppressed and not text.envelope.may_reach_opted_out:
        return Sent(MessageState.REFUSED, is_opted_out=True)
    return None
