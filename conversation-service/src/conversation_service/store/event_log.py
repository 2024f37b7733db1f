"""What happened in one pool: events in order, and each conversation's timeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from redis.asyncio import Redis

from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.model.events import Event, EventType
from conversation_service.store.encryption.blind_index import BlindIndexKeys
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.keyspace.timestamps import from_ms, span_ms, to_ms
from runtime.redis.scripts import RedisScripts, raised

# Somebody who sends one callback again and again fills no stream.
REPEATS_TOLD = 5

START = "0-0"

# Milliseconds since 1970 have as many until the year 2286.
MS_DIGITS = 13

Fields = dict[bytes, bytes]

Entry = tuple[bytes, Fields]


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event in its place; its id is a cursor."""

    event_id: str
    time: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class DuplicateDelivery:
    """A text that was handed in again: its name, and where it is told of."""

    receipt: IdempotencyKey
    conversation_id: str
    participant_id: str


class EventLog:
    """One pool's events."""

    def __init__(self, redis: Redis, pool: str, vault: Cipher) -> None:
        self._redis = redis
        self._keys = Keys(pool)
        self._names = BlindIndexKeys(self._keys, vault)
        self._scripts = RedisScripts(redis, "conversation_service.store")

    async def newest(self) -> str:
        """The cursor behind all that has happened."""
        found = await self._redis.xrevrange(self._keys.events, count=1)
        return _entries(found)[0].event_id if found else await self.floor()

    async def floor(self) -> str:
        """The newest event that is no longer kept: a cursor before it may have missed some."""
        found = await self._redis.get(self._keys.events_floor)
        return found.decode() if isinstance(found, bytes) else START

    async def after(self, cursor: str, limit: int) -> list[RecordedEvent]:
        """Events behind a cursor, oldest first."""
        found = await self._redis.xrange(self._keys.events, min=f"({cursor}", count=limit)
        return _entries(found)

    async def timeline(self, conversation_id: str, start: int, size: int) -> list[RecordedEvent]:
        """A conversation's events from a place on, oldest first; what is no longer kept is left
        out."""
        timeline = self._keys.timeline(conversation_id)
        ids = cast("list[bytes]", await self._redis.lrange(timeline, start, start + size - 1))
        pipeline = self._redis.pipeline(transaction=False)
        for event_id in map(_event_id, ids):
            pipeline.xrange(self._keys.events, min=event_id, max=event_id)
        return [event for found in await pipeline.execute() for event in _entries(found)]

    async def length(self, conversation_id: str) -> int:
        """How many events a conversation's timeline names."""
        return await self._redis.llen(self._keys.timeline(conversation_id))

    async def repeated(
        self, repeats: Sequence[DuplicateDelivery], now: datetime, kept: timedelta
    ) -> None:
        """Tells of texts that were handed in again; `kept` is for how long they can be."""
        kind = EventType.MESSAGE_REPEATED.value
        calls = [
            self._scripts.call(
                "repeat",
                (
                    self._keys.repeats(self._names.intent(one.receipt)),
                    self._keys.events,
                    self._keys.timeline(one.conversation_id),
                ),
                (
                    to_ms(now),
                    span_ms(kept),
                    REPEATS_TOLD,
                    kind,
                    one.conversation_id,
                    one.participant_id,
                ),
            )
            for one in repeats
        ]
        raised(await self._scripts.run(calls))

    async def trim(self, now: datetime, kept: timedelta) -> None:
        """Forgets what is older than is kept. Stream ids are Redis's own time in milliseconds."""
        minimum = f"{to_ms(now - kept)}-0"
        keys = (self._keys.events, self._keys.events_floor)
        raised(await self._scripts.run([self._scripts.call("trim", keys, (minimum,))]))


def _event_id(listed: bytes) -> bytes:
    """A list keeps ids without their hyphen, as Redis stores them as numbers then."""
    return listed[:MS_DIGITS] + b"-" + listed[MS_DIGITS:]


def _entries(found: object) -> list[RecordedEvent]:
    return [_recorded(event_id, fields) for event_id, fields in cast("list[Entry]", found)]


def _recorded(event_id: bytes, fields: Fields) -> RecordedEvent:
    return RecordedEvent(
        event_id.decode(),
        from_ms(int(fields[b"at"])),
        Event(
            EventType(fields[b"type"].decode()),
            conversation_id=fields[b"conversation"].decode(),
            participant_id=fields[b"participant"].decode(),
            message_id=fields[b"message"].decode(),
            detail=fields[b"detail"].decode(),
        ),
    )
