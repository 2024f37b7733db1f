"""Applies status updates to the ledger; parks receipts whose message is not known yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import cast

import structlog

from messaging_service.ledger import decode
from messaging_service.metrics.metrics import Metrics
from messaging_service.model.failure import Failure, FailureReason
from messaging_service.model.message import MessageRecord, MessageState, SendResolution, Status
from messaging_service.redis import keys
from messaging_service.redis.scripts import Scripts
from runtime.clock import Clock
from runtime.redis.scripts import Command, Reply

log = structlog.get_logger()

# A message gets about two receipts. The limit leaves room for every code, and stops a flood.
PARKED_LIMIT = 16


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """A new status of a message; None leaves the status as it is.

    An empty `attempt_id` stands for any attempt. `resolution` is recorded if the update resolves an
    uncertain send.
    """

    status: Status | None
    attempt_id: str = ""
    carrier_message_id: str = ""
    resolution: SendResolution | None = None


def update_from_receipt(carrier_message_id: str, status: Status | None) -> StatusUpdate:
    """The update by a receipt that reports this status."""
    return StatusUpdate(status, "", carrier_message_id, SendResolution.RECEIPT)


@dataclass(frozen=True, slots=True)
class CarrierIdBinding:
    """The message that a carrier's id is bound to, and the updates that were parked for the id."""

    message_id: str
    parked: tuple[StatusUpdate, ...] = ()


class StatusUpdates:
    """Every method raises BackendUnavailable if Redis does not answer, and may be repeated."""

    def __init__(
        self, scripts: Scripts, clock: Clock, metrics: Metrics, retention: timedelta
    ) -> None:
        """`retention` is how long updated messages and parked receipts are stored."""
        self._scripts = scripts
        self._clock = clock
        self._metrics = metrics
        self._keep_ms = keys.keep_ms(retention)

    async def apply(self, message_id: str, updates: Sequence[StatusUpdate]) -> MessageRecord | None:
        """The record after all updates; None if there is no such message."""
        replies = await self._scripts.run(*(self._advance(message_id, item) for item in updates))
        records = [*map(partial(self._advanced, message_id), replies)]
        return records[-1]

    async def apply_and_bind(self, message_id: str, update: StatusUpdate) -> MessageRecord | None:
        """As `apply`; binds the carrier's id as well, and applies what was parked for it."""
        bind = self._bind(message_id, update.carrier_message_id)
        reply, bound = await self._scripts.run(self._advance(message_id, update), bind)
        record = self._advanced(message_id, reply)
        binding = _binding(message_id, update.carrier_message_id, bound)
        if binding.message_id != message_id:
            log.warning("carrier_id_taken", message_id=message_id, by=binding.message_id)
        elif binding.parked:
            return await self.apply(message_id, binding.parked)
        return record

    async def bind(self, message_id: str, carrier_message_id: str) -> CarrierIdBinding:
        """Binds the carrier's id to the message unless it is bound to another one."""
        [reply] = await self._scripts.run(self._bind(message_id, carrier_message_id))
        return _binding(message_id, carrier_message_id, reply)

    async def park(self, update: StatusUpdate) -> str | bool:
        """Parks an update. Returns the message id instead if the carrier's id is bound by now.

        False means that the limit of parked updates is reached.
        """
        carrier_message_id = update.carrier_message_id
        park = self._scripts.call_on(
            "park_receipt",
            (keys.carrier(carrier_message_id), keys.parked(carrier_message_id)),
            *(_encode(update), PARKED_LIMIT, self._keep_ms),
        )
        [reply] = await self._scripts.run(park)
        match cast("list[bytes]", reply):
            case [b"bound", message_id]:
                return message_id.decode()
            case [outcome]:
                return outcome == b"parked"
            case unknown:
                raise AssertionError(f"park_receipt.lua returned {unknown!r}")

    def _advanced(self, message_id: str, reply: Reply) -> MessageRecord | None:
        outcome, fields = decode.outcome(reply)
        record = decode.record(message_id, fields) if fields else None
        if outcome == "resolved" and record and record.resolution:
            self._metrics.resolved(record.resolution)
        return record

    def _advance(self, message_id: str, update: StatusUpdate) -> Command:
        status = update.status
        state, rank = (status.state.value, status.state.rank) if status else ("", 0)
        failure = status.failure if status else None
        return self._scripts.call(
            "advance",
            keys.message(message_id),
            *(update.attempt_id, state, rank, update.carrier_message_id),
            *((failure.reason.value, failure.carrier_code) if failure else ("", "")),
            update.resolution or "",
            *(round(self._clock.now().timestamp() * 1000), self._keep_ms),
        )

    def _bind(self, message_id: str, carrier_message_id: str) -> Command:
        names = (keys.carrier(carrier_message_id), keys.parked(carrier_message_id))
        return self._scripts.call_on("bind_carrier_id", names, message_id, self._keep_ms)


def _binding(message_id: str, carrier_message_id: str, reply: Reply) -> CarrierIdBinding:
    match cast("list[bytes | list[bytes]]", reply):
        case [b"bound", list(parked)]:
            return CarrierIdBinding(
                message_id, tuple(_decode(carrier_message_id, item) for item in parked)
            )
        case [b"taken", bytes(owner)]:
            return CarrierIdBinding(owner.decode())
        case unknown:
            raise AssertionError(f"bind_carrier_id.lua returned {unknown!r}")


def _encode(update: StatusUpdate) -> str:
    if update.status is None:
        return ""
    failure = update.status.failure
    reason, code = (failure.reason.value, failure.carrier_code) if failure else ("", "")
    return f"{update.status.state.value}:{reason}:{code}"


def _decode(carrier_message_id: str, parked: bytes) -> StatusUpdate:
    if not parked:
        return update_from_receipt(carrier_message_id, None)
    state, reason, code = parked.decode().split(":", 2)
    failure = Failure(FailureReason(reason), code) if reason else None
    return update_from_receipt(carrier_message_id, Status(MessageState(state), failure))
