"""The dead letters of one pool: messages that cannot be processed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, cast

from conversation_service.domain.model.events import (
    DISCARDED,
    DeadLetterReason,
    Detail,
    EventType,
)
from conversation_service.domain.model.messages import MessageState
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.store.keyspace.timestamps import from_ms, span_ms, to_ms
from conversation_service.store.outbox.entry import CorruptEntry, OutboxDecoder, OutboxEntry
from conversation_service.store.records.event_details import encode_detail, encode_type
from conversation_service.store.records.message import encode_state
from conversation_service.store.storage import PoolStorage
from runtime.redis.scripts import Argument, raise_first_error

# Expired in one round: it keeps Redis busy for a short time, and the next round follows soon.
EXPIRED_AT_ONCE = 100

# The id of a stream's entry: two numbers of 64 bits. No entry has any other id.
_DEAD_LETTER_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")

Fields = dict[bytes, bytes]

Entry = tuple[bytes, Fields]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that cannot be processed, without its number and body."""

    dead_letter_id: str
    # Empty if it cannot be read.
    message_id: str
    conversation_id: str
    reason: DeadLetterReason
    # None if it cannot be read.
    message_create_time: datetime | None
    create_time: datetime
    is_readable: bool


class OperatorRequest(NamedTuple):
    """The idempotency key of a change: a second change of the same key is a repetition."""

    kind: str
    request_id: str
    dead_letter_id: str


class FinalStatus(NamedTuple):
    """The state of a message whose dead letter is removed, and the event that records it."""

    state: MessageState
    event: EventType
    detail: Detail | None


_DISCARDED = FinalStatus(MessageState.FAILED, EventType.MESSAGE_FAILED, DISCARDED)

_EXPIRED = FinalStatus(MessageState.EXPIRED, EventType.MESSAGE_EXPIRED, None)


class DeadLetters:
    """One pool's dead letters. A repeated change returns the first result.

    `settings` are the pool's current settings: they say how long records are kept.
    """

    def __init__(self, storage: PoolStorage) -> None:
        self._storage = storage
        self._redis = storage.redis
        self._scripts = storage.scripts
        self._keys = storage.keys
        self._cipher = storage.cipher
        self._decoder = OutboxDecoder(storage)

    async def count(self) -> int:
        """How many there are."""
        return await self._redis.xlen(self._keys.dead)

    async def page(self, size: int, after: str) -> list[DeadLetter]:
        """Oldest first, from behind the id `after` if it is not empty."""
        oldest = f"({after}" if after else "-"
        return await self._decoded(await self._redis.xrange(self._keys.dead, oldest, count=size))

    async def get(self, dead_letter_id: str) -> DeadLetter | None:
        """One of them, or None if it does not exist."""
        if not _DEAD_LETTER_ID.fullmatch(dead_letter_id):
            return None
        entries = await self._redis.xrange(self._keys.dead, dead_letter_id, dead_letter_id)
        return next(iter(await self._decoded(entries)), None)

    async def replay(
        self,
        request_id: str,
        dead_letter_id: str,
        message_id: str,
        now: datetime,
        settings: PoolSettings,
    ) -> str | None:
        """Moves a dead letter back to the outbox. Returns its message's id, None if it is gone."""
        request = OperatorRequest("replay", request_id, dead_letter_id)
        keys = (self._keys.outbox, self._keys.events, self._keys.message(message_id))
        kept = span_ms(settings.retention.idempotency_records), span_ms(settings.retention.messages)
        return await self._run("replay_dead_letter", request, keys, (message_id, to_ms(now), *kept))

    async def discard(
        self,
        request_id: str,
        dead_letter_id: str,
        message_id: str,
        now: datetime,
        settings: PoolSettings,
    ) -> str | None:
        """Removes a dead letter; its message fails. Returns its id, None if it is gone."""
        request = OperatorRequest("discard", request_id, dead_letter_id)
        return await self._remove(request, message_id, _DISCARDED, now, settings)

    async def expire(self, now: datetime, settings: PoolSettings) -> int:
        """Removes some that were kept long enough; their messages expire. Returns how many."""
        newest = to_ms(now - settings.retention.dead_letters)
        entries = await self._redis.xrange(self._keys.dead, max=newest, count=EXPIRED_AT_ONCE)
        dead_letters = await self._decoded(entries)
        for dead_letter in dead_letters:
            request = OperatorRequest("forget", "", dead_letter.dead_letter_id)
            await self._remove(request, dead_letter.message_id, _EXPIRED, now, settings)
        return len(dead_letters)

    async def _remove(
        self,
        request: OperatorRequest,
        message_id: str,
        status: FinalStatus,
        now: datetime,
        settings: PoolSettings,
    ) -> str | None:
        keys = (self._keys.events, self._keys.message(message_id))
        state, event, detail = status
        change = (encode_state(state), encode_type(event), encode_detail(detail))
        kept = span_ms(settings.retention.idempotency_records)
        arguments = (message_id, to_ms(now), kept, *change)
        return await self._run("discard_dead_letter", request, keys, arguments)

    async def _run(
        self,
        script: str,
        request: OperatorRequest,
        keys: Sequence[str],
        arguments: Sequence[Argument],
    ) -> str | None:
        if not _DEAD_LETTER_ID.fullmatch(request.dead_letter_id):
            return None
        record = self._keys.dead_letter_request(self._cipher.blind_index(*request))
        call = self._scripts.call(
            script,
            (record, self._keys.dead, *keys),
            (request.dead_letter_id, *arguments, self._keys.timeline_prefix),
        )
        [reply] = raise_first_error(await self._scripts.run([call]))
        word, message_id = cast("list[bytes]", reply)
        return None if word == b"missing" else message_id.decode()

    async def _decoded(self, found: object) -> list[DeadLetter]:
        entries = cast("list[Entry]", found)
        # Dead letters are encrypted under the state key: no data keys are needed.
        decoded = [self._decoder.decode(*entry, data_keys={}) for entry in entries]
        records = await self._storage.message_records([entry.message_id for entry in decoded])
        return [
            _dead_letter(entry, fields, record.conversation_id if record else "")
            for entry, (_, fields), record in zip(decoded, entries, records, strict=True)
        ]


def _dead_letter(
    entry: OutboxEntry | CorruptEntry, fields: Fields, conversation_id: str
) -> DeadLetter:
    readable = entry if isinstance(entry, OutboxEntry) else None
    return DeadLetter(
        dead_letter_id=entry.entry_id,
        message_id=entry.message_id,
        conversation_id=conversation_id or (readable.message.conversation_id if readable else ""),
        reason=DeadLetterReason(fields[b"reason"].decode()),
        message_create_time=readable.accept_time if readable else None,
        create_time=from_ms(int(fields[b"died"])),
        is_readable=readable is not None,
    )
