"""The ledger's side of looking into lost answers."""

from datetime import timedelta

from redis.asyncio import Redis

from messaging_service.ledger.decode import message_in, tagged
from messaging_service.ledger.status_updates import StatusUpdate, StatusUpdates
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.message import (
    MessageRecord,
    MessageState,
    Status,
    UncertainSend,
    UnknownResolution,
)
from messaging_service.redis import keys
from messaging_service.redis.scripts import Scripts
from runtime.clock import Clock
from runtime.redis.scripts import Reply


class UncertainSends:
    """What is written of a lost answer; nothing is once the text has gone further.

    Every method raises BackendUnavailable when Redis does not answer, and may then be repeated.
    """

    def __init__(self, redis: Redis, clock: Clock, metrics: Metrics, retention: timedelta) -> None:
        """`retention` is the ledger's."""
        self._scripts = Scripts(redis)
        self._metrics = metrics
        self._desk = StatusUpdates(self._scripts, clock, metrics, retention)

    async def record_lookup(
        self, message_id: str, inquiry: UncertainSend, looked: int
    ) -> MessageRecord | None:
        """Keeps how far it went; None when no such text is kept."""
        reply = await self._note(message_id, inquiry, "looked", looked)
        return message_in(message_id, reply)

    async def give_up(self, message_id: str, inquiry: UncertainSend) -> MessageRecord | None:
        """The text stays unknown unless a receipt still comes; None when no such text is kept."""
        loss = UnknownResolution.PREFERRED_LOSS
        reply = await self._note(message_id, inquiry, "resolution", loss.value)
        outcome, _ = tagged(reply)
        if outcome == "noted":
            self._metrics.resolved(loss)
        return message_in(message_id, reply)

    async def reopen(
        self, message_id: str, inquiry: UncertainSend, resolution: UnknownResolution
    ) -> None:
        """Lets the text be claimed again."""
        key = keys.message(message_id)
        reopen = self._scripts.call("reopen", key, inquiry.attempt_id, resolution.value)
        [reply] = await self._scripts.run(reopen)
        outcome, _ = tagged(reply)
        if outcome == "reopened":
            self._metrics.resolved(resolution)

    async def take(self, message_id: str, carrier_message_id: str) -> MessageRecord | None:
        """Makes one of the carrier's records the text's own; None when it is another text's."""
        naming = await self._desk.name(message_id, carrier_message_id)
        if naming.message_id != message_id:
            return None
        found = StatusUpdate(
            Status(MessageState.SENT),
            carrier_message_id=carrier_message_id,
            resolution=UnknownResolution.RECORD,
        )
        return await self._desk.write(message_id, [found, *naming.parked])

    async def _note(
        self, message_id: str, inquiry: UncertainSend, field: str, value: str | int
    ) -> Reply:
        key = keys.message(message_id)
        note = self._scripts.call(
            "note", key, inquiry.attempt_id, MessageState.UNKNOWN.rank, field, value
        )
        [reply] = await self._scripts.run(note)
        return reply
