"""Records the progress and the result of resolving uncertain sends."""

from datetime import timedelta

from redis.asyncio import Redis

from messaging_service.ledger import decode
from messaging_service.ledger.status_updates import StatusUpdate, StatusUpdates
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.message import (
    MessageRecord,
    MessageState,
    SendResolution,
    Status,
    UncertainSend,
)
from messaging_service.redis import keys
from messaging_service.redis.scripts import Scripts
from runtime.clock import Clock
from runtime.redis.scripts import Reply


class UncertainSends:
    """Changes nothing once the message has moved on.

    Every method raises BackendUnavailable if Redis does not answer, and may be repeated.
    """

    def __init__(self, redis: Redis, clock: Clock, metrics: Metrics, retention: timedelta) -> None:
        """`retention` is the ledger's."""
        self._scripts = Scripts(redis)
        self._metrics = metrics
        self._updates = StatusUpdates(self._scripts, clock, metrics, retention)

    async def record_lookup(
        self, message_id: str, uncertain: UncertainSend, lookups_done: int
    ) -> MessageRecord | None:
        """Stores how many lookups are done; None if there is no such message."""
        reply = await self._annotate(message_id, uncertain, "looked", lookups_done)
        return decode.message(message_id, reply)

    async def give_up(self, message_id: str, uncertain: UncertainSend) -> MessageRecord | None:
        """Leaves the message UNKNOWN unless a receipt still comes; None if there is none."""
        loss = SendResolution.PREFERRED_LOSS
        reply = await self._annotate(message_id, uncertain, "resolution", loss.value)
        outcome, _ = decode.outcome(reply)
        if outcome == "annotated":
            self._metrics.resolved(loss)
        return decode.message(message_id, reply)

    async def allow_resend(
        self, message_id: str, uncertain: UncertainSend, resolution: SendResolution
    ) -> None:
        """Lets the message be claimed again."""
        key = keys.message(message_id)
        command = self._scripts.call("allow_resend", key, uncertain.attempt_id, resolution.value)
        [reply] = await self._scripts.run(command)
        outcome, _ = decode.outcome(reply)
        if outcome == "allowed":
            self._metrics.resolved(resolution)

    async def bind_record(self, message_id: str, carrier_message_id: str) -> MessageRecord | None:
        """Binds one of the carrier's records to the message; None if another message has it."""
        binding = await self._updates.bind(message_id, carrier_message_id)
        if binding.message_id != message_id:
            return None
        sent = StatusUpdate(
            Status(MessageState.SENT),
            carrier_message_id=carrier_message_id,
            resolution=SendResolution.RECORD,
        )
        return await self._updates.apply(message_id, [sent, *binding.parked])

    async def _annotate(
        self, message_id: str, uncertain: UncertainSend, field: str, value: str | int
    ) -> Reply:
        key = keys.message(message_id)
        command = self._scripts.call(
            "annotate", key, uncertain.attempt_id, MessageState.UNCERTAIN.rank, field, value
        )
        [reply] = await self._scripts.run(command)
        return reply
