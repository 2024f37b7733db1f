"""State changes of messages, as the Lua scripts take them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from conversation_service.domain.model.events import (
    DeadLetterReason,
    EventType,
    Failure,
    SendResolution,
)
from conversation_service.domain.model.messages import MessageState
from conversation_service.store.keyspace.timestamps import span_ms
from conversation_service.store.records.event_details import encode_detail, encode_type
from conversation_service.store.records.message import encode_state
from runtime.redis.scripts import Argument


@dataclass(frozen=True, slots=True)
class Settlement:
    """The final state of a message, whose entry is removed."""

    entry_id: str
    message_id: str
    state: MessageState
    # Why it failed.
    failure: Failure | None = None
    # How an uncertain send was resolved; None if the send was certain.
    resolution: SendResolution | None = None


@dataclass(frozen=True, slots=True)
class DeadLettering:
    """A message that cannot be processed: its entry moves to the dead letters."""

    entry_id: str
    message_id: str
    reason: DeadLetterReason
    # How long the dead letter may stay; its message is kept at least as long.
    kept: timedelta


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """A new state of a message."""

    message_id: str
    state: MessageState
    failure: Failure | None = None


_EVENT_TYPES = {
    MessageState.SENT: EventType.MESSAGE_SENT,
    MessageState.DELIVERED: EventType.MESSAGE_DELIVERED,
    MessageState.UNDELIVERED: EventType.MESSAGE_UNDELIVERED,
    MessageState.FAILED: EventType.MESSAGE_FAILED,
    MessageState.EXPIRED: EventType.MESSAGE_EXPIRED,
    MessageState.UNCERTAIN: EventType.MESSAGE_UNCERTAIN,
}


def settle_arguments(
    item: Settlement | DeadLettering, payloads: Mapping[str, bytes]
) -> tuple[Argument, ...]:
    """The arguments of settle.lua; `payloads` are those of dead letters that change, by entry."""
    if isinstance(item, DeadLettering):
        dead = item.reason.value, payloads.get(item.entry_id, b""), span_ms(item.kept)
        return (item.entry_id, item.message_id, "", "", "", "", *dead)
    update = (item.entry_id, item.message_id, encode_state(item.state), *event_of(item))
    return (*update, item.resolution or "", "", "", "")


def event_of(item: Settlement | StatusUpdate) -> tuple[str, str]:
    """The type and detail of the event that records a new state."""
    kind = _EVENT_TYPES.get(item.state)
    return (encode_type(kind) if kind else "", encode_detail(item.failure))
