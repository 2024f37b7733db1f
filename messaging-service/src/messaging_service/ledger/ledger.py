"""The ledger: the state of each message, stored in Redis without numbers and bodies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from redis.asyncio import Redis

from messaging_service.ledger import decode
from messaging_service.ledger.fingerprints import Fingerprints
from messaging_service.ledger.status_updates import (
    StatusUpdate,
    StatusUpdates,
    update_from_receipt,
)
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.message import (
    MessageRecord,
    MessageState,
    OutboundMessage,
    SendResolution,
    Status,
)
from messaging_service.redis import keys
from messaging_service.redis.scripts import Scripts
from runtime.clock import Clock
from runtime.redis.scripts import Command, Reply

_CLAIMED, _UNKNOWN = MessageState.ACCEPTED, MessageState.UNCERTAIN


@dataclass(frozen=True, slots=True)
class Parked:
    """The receipt is kept until its carrier's id is bound to a message."""


class Ledger:
    """At most one attempt at a time has the claim to a message, and states only move forward.

    Every method raises BackendUnavailable if Redis does not answer, and may be repeated.
    """

    def __init__(
        self,
        redis: Redis,
        clock: Clock,
        fingerprints: Fingerprints,
        metrics: Metrics,
        retention: timedelta,
    ) -> None:
        """`retention` is how long a message is stored after its last update."""
        self._scripts = Scripts(redis)
        self._clock = clock
        self._fingerprints = fingerprints
        self._metrics = metrics
        self._keep_ms = keys.keep_ms(retention)
        self._updates = StatusUpdates(self._scripts, clock, metrics, retention)

    async def claim(
        self, message: OutboundMessage, attempt_id: str, *others: Command
    ) -> tuple[decode.Claim, Sequence[Reply]]:
        """Claims a message for an attempt.

        `others` run in the same round trip, whether or not the message is claimed; their replies
        are returned as well.
        """
        claim = self._scripts.call(
            "claim",
            keys.message(message.message_id),
            *(message.pool, attempt_id, _CLAIMED.value, _CLAIMED.rank, _UNKNOWN.value),
            *(self._now_ms(), self._keep_ms),
            *self._fingerprints.of(message),
        )
        bind = ("SET", keys.attempt(attempt_id), message.message_id, "PX", self._keep_ms)
        reply, _, *replies = await self._scripts.run(claim, bind, *others)
        return decode.claim(message.message_id, reply), replies

    async def release(self, message_id: str, attempt_id: str) -> MessageRecord | None:
        """Gives up the claim to a message that was not sent; the record if it moved on."""
        key = keys.message(message_id)
        release = self._scripts.call("release", key, attempt_id, _CLAIMED.value, _UNKNOWN.value)
        [reply] = await self._scripts.run(release)
        return decode.message(message_id, reply)

    async def settle(
        self, message_id: str, attempt_id: str, status: Status, carrier_message_id: str = ""
    ) -> MessageRecord | None:
        """Records the carrier's answer to an attempt; None if there is no such message.

        SENT counts for every attempt, any other status only for the one that has the claim.
        """
        holder = "" if status.state is MessageState.SENT else attempt_id
        update = StatusUpdate(status, holder, carrier_message_id)
        if carrier_message_id:
            return await self._updates.apply_and_bind(message_id, update)
        return await self._updates.apply(message_id, [update])

    async def mark_uncertain(
        self, message_id: str, attempt_id: str, resolution: SendResolution | None = None
    ) -> MessageRecord | None:
        """Records that the carrier did not confirm an attempt; None if there is no such message.

        `resolution` is recorded for a message that has moved on all the same.
        """
        command = self._scripts.call(
            "mark_uncertain",
            keys.message(message_id),
            *(attempt_id, _UNKNOWN.value, _UNKNOWN.rank, resolution or ""),
            *(self._now_ms(), self._keep_ms),
        )
        [reply] = await self._scripts.run(command)
        record = decode.message(message_id, reply)
        if record and resolution and record.status.state.rank > _UNKNOWN.rank:
            self._metrics.resolved(resolution)
        return record

    async def record_media(
        self, message_id: str, attempt_id: str, count: int, refused: int
    ) -> bool:
        """Records how many files are passed on and refused; False if the claim was lost."""
        command = self._scripts.call(
            "annotate",
            keys.message(message_id),
            *(attempt_id, _UNKNOWN.rank, "media", count, "refused_media", refused),
        )
        [reply] = await self._scripts.run(command)
        outcome, _ = decode.outcome(reply)
        return outcome == "annotated"

    async def apply_parked_receipts(self, record: MessageRecord) -> MessageRecord:
        """The record after the receipts that a process left parked when it died."""
        if not record.carrier_message_id:
            return record
        binding = await self._updates.bind(record.message_id, record.carrier_message_id)
        if binding.message_id != record.message_id or not binding.parked:
            return record
        return await self._updates.apply(record.message_id, binding.parked) or record

    async def record_receipt(
        self, carrier_message_id: str, attempt_id: str, status: Status | None
    ) -> MessageRecord | Parked | None:
        """Applies a receipt to its message, or parks it if the carrier's id is not bound yet.

        Either id may be empty; the attempt is that of its send token. `status` is what it reports,
        if that is known. None if the receipt has neither id, or too many are parked for its
        carrier's id.
        """
        update = update_from_receipt(carrier_message_id, status)
        by_attempt, by_carrier_id = await self._find(attempt_id, carrier_message_id)
        if by_attempt and not by_carrier_id and carrier_message_id:
            return await self._updates.apply_and_bind(by_attempt, update)
        # The attempt counts first: the carrier's id may be bound to another, equal message.
        message_id = by_attempt or by_carrier_id
        if message_id:
            return await self._updates.apply(message_id, [update])
        return await self._park(update)

    async def get(self, message_id: str) -> MessageRecord | None:
        """The record of a message."""
        [reply] = await self._scripts.run(("HGETALL", keys.message(message_id)))
        fields = cast("dict[bytes, bytes]", reply)
        return decode.record(message_id, fields) if fields else None

    async def _find(self, attempt_id: str, carrier_message_id: str) -> tuple[str, str]:
        """The message ids of the attempt and of the carrier's id; empty if unknown."""
        replies = await self._scripts.run(
            ("GET", keys.attempt(attempt_id)), ("GET", keys.carrier(carrier_message_id))
        )
        by_attempt, by_carrier_id = (cast("bytes | None", reply) or b"" for reply in replies)
        return by_attempt.decode(), by_carrier_id.decode()

    async def _park(self, update: StatusUpdate) -> MessageRecord | Parked | None:
        if not update.carrier_message_id:
            return None
        parked = await self._updates.park(update)
        if isinstance(parked, str):
            return await self._updates.apply(parked, [update])
        return Parked() if parked else None

    def _now_ms(self) -> int:
        return round(self._clock.now().timestamp() * 1000)
