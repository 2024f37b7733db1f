"""What became of each text, kept in Redis for days. It holds no number and no body."""

from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from redis.asyncio import Redis

from messaging_service.ledger.decode import Claim, claim_in, decoded, message_in, tagged
from messaging_service.ledger.fingerprints import Fingerprints
from messaging_service.ledger.status_updates import StatusUpdate, StatusUpdates, news_of
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.message import (
    MessageRecord,
    MessageState,
    OutboundMessage,
    Status,
    UnknownResolution,
)
from messaging_service.model.receipt import Receipt
from messaging_service.redis import keys
from messaging_service.redis.scripts import Scripts
from runtime.clock import Clock

_CLAIMED, _UNKNOWN = MessageState.ACCEPTED, MessageState.UNKNOWN


@dataclass(frozen=True, slots=True)
class Parked:
    """No text is known yet by the carrier's id that a receipt came with."""


class Ledger:
    """At most one attempt at a time holds a text, and states only move forward.

    Every method raises BackendUnavailable when Redis does not answer, and may then be repeated.
    """

    def __init__(
        self,
        redis: Redis,
        clock: Clock,
        fingerprints: Fingerprints,
        metrics: Metrics,
        retention: timedelta,
    ) -> None:
        """`retention` is how long a text is known after what was last heard of it."""
        self._scripts = Scripts(redis)
        self._clock = clock
        self._fingerprints = fingerprints
        self._metrics = metrics
        self._keep_ms = keys.keep_ms(retention)
        self._desk = StatusUpdates(self._scripts, clock, metrics, retention)

    async def claim(self, text: OutboundMessage, attempt_id: str) -> Claim:
        """Takes a text for an attempt."""
        claim = self._scripts.call(
            "claim",
            keys.message(text.message_id),
            *(text.pool, attempt_id, _CLAIMED.value, _CLAIMED.rank, _UNKNOWN.value),
            *(self._now_ms(), self._keep_ms),
            *self._fingerprints.of(text),
        )
        remember = ("SET", keys.attempt(attempt_id), text.message_id, "PX", self._keep_ms)
        reply, _ = await self._scripts.run(claim, remember)
        return claim_in(text.message_id, reply)

    async def release(self, message_id: str, attempt_id: str) -> MessageRecord | None:
        """Gives back a text that was surely not sent; a message if it went further meanwhile."""
        key = keys.message(message_id)
        release = self._scripts.call("release", key, attempt_id, _CLAIMED.value, _UNKNOWN.value)
        [reply] = await self._scripts.run(release)
        return message_in(message_id, reply)

    async def settle(
        self, message_id: str, attempt_id: str, standing: Status, carrier_message_id: str = ""
    ) -> MessageRecord | None:
        """Writes what the carrier answered to an attempt; None when no such text is kept.

        That the carrier has it counts whichever attempt it was, anything else only of the last.
        """
        whose = "" if standing.state is MessageState.SENT else attempt_id
        news = StatusUpdate(standing, whose, carrier_message_id)
        if carrier_message_id:
            return await self._desk.write_named(message_id, news)
        return await self._desk.write(message_id, [news])

    async def lose(
        self, message_id: str, attempt_id: str, known: UnknownResolution | None = None
    ) -> MessageRecord | None:
        """Writes that the answer to an attempt was lost; None when no such text is kept.

        `known` is how a text was found out that went further all the same.
        """
        lose = self._scripts.call(
            "lose",
            keys.message(message_id),
            *(attempt_id, _UNKNOWN.value, _UNKNOWN.rank, known or ""),
            *(self._now_ms(), self._keep_ms),
        )
        [reply] = await self._scripts.run(lose)
        message = message_in(message_id, reply)
        if message and known and message.standing.state.rank > _UNKNOWN.rank:
            self._metrics.resolved(known)
        return message

    async def note_media(self, message_id: str, attempt_id: str, count: int, refused: int) -> bool:
        """Keeps how many files are passed on and how many not; False if it lost the text."""
        note = self._scripts.call(
            "note",
            keys.message(message_id),
            *(attempt_id, _UNKNOWN.rank, "media", count, "refused_media", refused),
        )
        [reply] = await self._scripts.run(note)
        outcome, _ = tagged(reply)
        return outcome == "noted"

    async def caught_up(self, message: MessageRecord) -> MessageRecord:
        """The text, after receipts that a process which died left waiting for its id."""
        if not message.carrier_message_id:
            return message
        naming = await self._desk.name(message.message_id, message.carrier_message_id)
        if naming.message_id != message.message_id or not naming.parked:
            return message
        return await self._desk.write(message.message_id, naming.parked) or message

    async def record(self, receipt: Receipt, attempt_id: str) -> MessageRecord | Parked | None:
        """Moves the text that a receipt speaks of, which waits if no text is known by its id.

        `attempt_id` is what its token names, empty without one. None when no text will be known,
        or too many receipts wait for it.
        """
        news = news_of(receipt)
        by_attempt, by_carrier_id = await self._spoken_of(attempt_id, receipt.carrier_message_id)
        if by_attempt and not by_carrier_id and receipt.carrier_message_id:
            return await self._desk.write_named(by_attempt, news)
        # By the attempt first: another text's record may have been taken for this one's.
        message_id = by_attempt or by_carrier_id
        if message_id:
            return await self._desk.write(message_id, [news])
        return await self._park(news)

    async def get(self, message_id: str) -> MessageRecord | None:
        """What is known of a text."""
        [reply] = await self._scripts.run(("HGETALL", keys.message(message_id)))
        fields = cast("dict[bytes, bytes]", reply)
        return decoded(message_id, fields) if fields else None

    async def _spoken_of(self, attempt_id: str, carrier_message_id: str) -> tuple[str, str]:
        """The text by the attempt, and by the carrier's id; empty where none is known."""
        found = await self._scripts.run(
            ("GET", keys.attempt(attempt_id)),
            ("GET", keys.carrier(carrier_message_id)),
        )
        by_attempt, by_carrier_id = (cast("bytes | None", one) or b"" for one in found)
        return by_attempt.decode(), by_carrier_id.decode()

    async def _park(self, news: StatusUpdate) -> MessageRecord | Parked | None:
        if not news.carrier_message_id:
            return None
        kept = await self._desk.park(news)
        if isinstance(kept, str):
            return await self._desk.write(kept, [news])
        return Parked() if kept else None

    def _now_ms(self) -> int:
        return round(self._clock.now().timestamp() * 1000)
