"""The events of one pool in order, and each conversation's timeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.model.events import Event, EventType
from conversation_service.store.keyspace.timestamps import from_ms, span_ms, to_ms
from conversation_service.store.records.event_details import decode_detail, decode_type
from conversation_service.store.storage import PoolStorage, run_script
from runtime.redis.scripts import Command, raise_first_error

# A callback that is sent again and again must not fill the stream.
DUPLICATES_RECORDED = 5

# Replicas read one clock, Redis's, but not at the same moment.
DISORDER = timedelta(minutes=1)

# Events that one call looks through for messages: it keeps Redis busy for some milliseconds.
EXAMINED_AT_ONCE = 500

START = "0-0"

Fields = dict[bytes, bytes]

Entry = tuple[bytes, Fields]


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event with its id, which is a cursor."""

    event_id: str
    time: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class DuplicateDelivery:
    """A message that was handed in again: by its id, or a keyword by its conversation."""

    key: IdempotencyKey
    conversation_id: str
    participant_id: str
    message_id: str


class MessageIds(NamedTuple):
    """Ids of messages, and whether there may be more after the last one."""

    message_ids: list[str]
    has_more: bool


class EventLog:
    """The events of one pool."""

    def __init__(self, storage: PoolStorage) -> None:
        self._redis = storage.redis
        self._keys = storage.keys
        self._index = storage.index
        self._scripts = storage.scripts

    async def latest(self) -> str:
        """The cursor after the latest event."""
        latest = await self._redis.xrevrange(self._keys.events, count=1)
        return _entries(latest)[0].event_id if latest else await self.trimmed_through()

    async def trimmed_through(self) -> str:
        """The newest event that has been trimmed: a cursor before it may have missed some."""
        event_id = await self._redis.get(self._keys.events_trimmed)
        return event_id.decode() if isinstance(event_id, bytes) else START

    async def after(self, cursor: str, limit: int) -> list[RecordedEvent]:
        """The events after a cursor, oldest first."""
        entries = await self._redis.xrange(self._keys.events, min=f"({cursor}", count=limit)
        return _entries(entries)

    async def timeline(self, conversation_id: str, after: str, limit: int) -> list[RecordedEvent]:
        """A conversation's events after an id, oldest first, without trimmed ones."""
        timeline = self._keys.timeline(conversation_id)
        keys = (timeline, self._keys.events, self._keys.events_trimmed)
        call = self._scripts.call("list_timeline", keys, (after, limit))
        [listed] = raise_first_error(await self._scripts.run([call]))
        return [
            _recorded(event_id, dict(zip(fields[::2], fields[1::2], strict=True)))
            for event_id, fields in cast("list[tuple[bytes, list[bytes]]]", listed)
        ]

    async def messages(self, conversation_id: str, after: str, limit: int) -> MessageIds:
        """A conversation's messages after one of them, in the order in which they were accepted."""
        timeline, found = self._keys.timeline(conversation_id), list[str]()
        keys = (timeline, self._keys.events, self._keys.events_trimmed)
        while True:
            left = limit - len(found)
            arguments = (found[-1] if found else after, left, span_ms(DISORDER), EXAMINED_AT_ONCE)
            word, *listed = await run_script(self._scripts, "list_messages", keys, arguments)
            found += (message_id.decode() for message_id in listed)
            has_more = word == b"more"
            if not has_more or len(found) == limit:
                return MessageIds(found, has_more)

    async def record_duplicates(
        self, duplicates: Sequence[DuplicateDelivery], now: datetime, kept: timedelta
    ) -> None:
        """Records messages that were handed in again; `kept` is for how long they can be."""
        calls = [self._duplicate_call(duplicate, now, kept) for duplicate in duplicates]
        raise_first_error(await self._scripts.run(calls))

    async def trim(self, now: datetime, kept: timedelta) -> None:
        """Removes old events. Stream ids are Redis's own time in milliseconds."""
        minimum = f"{to_ms(now - kept)}-0"
        keys = (self._keys.events, self._keys.events_trimmed)
        await run_script(self._scripts, "trim_events", keys, (minimum,))

    def _duplicate_call(
        self, duplicate: DuplicateDelivery, now: datetime, kept: timedelta
    ) -> Command:
        keys = (
            self._keys.duplicates(self._index.command(duplicate.key)),
            self._keys.events,
            self._keys.message(duplicate.message_id),
        )
        event = (
            EventType.MESSAGE_DUPLICATE_RECEIVED.value,
            duplicate.conversation_id,
            duplicate.participant_id,
            duplicate.message_id,
            self._keys.timeline_prefix,
        )
        arguments = (to_ms(now), span_ms(kept), DUPLICATES_RECORDED, *event)
        return self._scripts.call("record_duplicate", keys, arguments)


def _entries(entries: object) -> list[RecordedEvent]:
    return [_recorded(event_id, fields) for event_id, fields in cast("list[Entry]", entries)]


def _recorded(event_id: bytes, fields: Fields) -> RecordedEvent:
    kind = decode_type(fields[b"type"].decode())
    return RecordedEvent(
        event_id.decode(),
        from_ms(int(fields[b"at"])),
        Event(
            kind,
            conversation_id=fields[b"conversation"].decode(),
            participant_id=fields[b"participant"].decode(),
            message_id=fields[b"message"].decode(),
            detail=decode_detail(kind, fields[b"detail"].decode()),
        ),
    )
