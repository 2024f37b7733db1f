"""Texts that could not be processed, in one pool."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, cast

from conversation_service.domain.model.events import EventType, Rule
from conversation_service.domain.model.messages import MessageState
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.store.encryption.conversation_keys import conversation_of
from conversation_service.store.keyspace.timestamps import from_ms, span_ms, to_ms
from conversation_service.store.outbox.entry import (
    DAMAGED,
    CorruptEntry,
    OutboxDecoder,
    OutboxEntry,
)
from conversation_service.store.records.encrypted import Secrets
from conversation_service.store.storage import PoolStorage
from runtime.redis.scripts import Argument, raised

# Forgotten in one round: short for Redis, and the next round follows soon.
FORGOTTEN_AT_ONCE = 100

# What a stream's id looks like; two numbers of 64 bits, and any other is the id of nothing.
_LETTER_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")

Fields = dict[bytes, bytes]

Entry = tuple[bytes, Fields]


class DeadLetterReason(StrEnum):
    """Why a text could not be processed; the published reasons."""

    UNREADABLE = "UNREADABLE"
    INVALID = "INVALID"
    RETRIES_EXHAUSTED = "RETRIES_EXHAUSTED"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A text that could not be processed, without its number and words."""

    dead_letter_id: str
    # Empty when even that cannot be read.
    message_id: str
    conversation_id: str
    death: DeadLetterReason
    # None when it cannot be read.
    accept_time: datetime | None
    death_time: datetime
    is_readable: bool


class OperatorRequest(NamedTuple):
    """Names a change: the same names again are its repetition."""

    kind: str
    request_id: str
    dead_letter_id: str


class FinalStatus(NamedTuple):
    """What becomes of the message of a dead letter, and how that is told."""

    state: MessageState
    event: EventType
    detail: str


_REFUSED = FinalStatus(
    MessageState.REFUSED, EventType.MESSAGE_REFUSED, Rule.DROPPED_BY_OPERATOR.value
)

_EXPIRED = FinalStatus(MessageState.EXPIRED, EventType.MESSAGE_EXPIRED, "")


class DeadLetters:
    """One pool's. Every change is made once per intent; its repetition gets the first answer.

    `settings` are the pool's as they are now: they say how long what is written is kept.
    """

    def __init__(self, storage: PoolStorage) -> None:
        self._redis = storage.redis
        self._scripts = storage.scripts
        self._keys = storage.keys
        self._vault = storage.cipher
        self._opener = OutboxDecoder(storage)

    async def count(self) -> int:
        """How many there are."""
        return await self._redis.xlen(self._keys.dead)

    async def page(self, size: int, after: str) -> list[DeadLetter]:
        """Oldest first, those behind the id `after` if it is not empty."""
        oldest = f"({after}" if after else "-"
        return await self._letters(await self._redis.xrange(self._keys.dead, oldest, count=size))

    async def get(self, dead_letter_id: str) -> DeadLetter | None:
        """One of them, if it is kept."""
        if not _LETTER_ID.fullmatch(dead_letter_id):
            return None
        found = await self._redis.xrange(self._keys.dead, dead_letter_id, dead_letter_id)
        return next(iter(await self._letters(found)), None)

    async def replay(
        self,
        request_id: str,
        dead_letter_id: str,
        message_id: str,
        now: datetime,
        settings: PoolSettings,
    ) -> str | None:
        """Puts one back among the texts to be sent; the text's id, or None if it is not kept."""
        intent = OperatorRequest("replay", request_id, dead_letter_id)
        keys = (self._keys.outbox, self._keys.events, self._keys.message(message_id))
        kept = span_ms(settings.receipts_kept), span_ms(settings.messages_kept)
        arguments = (message_id, to_ms(now), *kept)
        return await self._run("replay_dead_letter", intent, keys, arguments)

    async def drop(
        self,
        request_id: str,
        dead_letter_id: str,
        message_id: str,
        now: datetime,
        settings: PoolSettings,
    ) -> str | None:
        """Removes one for good, as refused; the text's id, or None if it is not kept."""
        intent = OperatorRequest("drop", request_id, dead_letter_id)
        return await self._remove(intent, message_id, _REFUSED, now, settings)

    async def forget_old(self, now: datetime, settings: PoolSettings) -> int:
        """Removes some that nobody has cared for in time, as expired; how many."""
        newest = to_ms(now - settings.dead_letters_kept)
        found = await self._redis.xrange(self._keys.dead, max=newest, count=FORGOTTEN_AT_ONCE)
        letters = await self._letters(found)
        for one in letters:
            intent = OperatorRequest("forget", "", one.dead_letter_id)
            await self._remove(intent, one.message_id, _EXPIRED, now, settings)
        return len(letters)

    async def _remove(
        self,
        intent: OperatorRequest,
        message_id: str,
        ending: FinalStatus,
        now: datetime,
        settings: PoolSettings,
    ) -> str | None:
        keys = (self._keys.events, self._keys.message(message_id))
        state, kind, detail = ending
        moved = (state.value, state.rank, kind.value, detail)
        arguments = (message_id, to_ms(now), span_ms(settings.receipts_kept), *moved)
        return await self._run("discard_dead_letter", intent, keys, arguments)

    async def _run(
        self, name: str, intent: OperatorRequest, keys: Sequence[str], arguments: Sequence[Argument]
    ) -> str | None:
        if not _LETTER_ID.fullmatch(intent.dead_letter_id):
            return None
        receipt = self._keys.dead_receipt(self._vault.blind_index(*intent))
        called = self._scripts.call(
            name,
            (receipt, self._keys.dead, *keys),
            (intent.dead_letter_id, *arguments, self._keys.timeline_prefix),
        )
        [reply] = raised(await self._scripts.run([called]))
        word, message_id = cast("list[bytes]", reply)
        return None if word == b"missing" else message_id.decode()

    async def _letters(self, found: object) -> list[DeadLetter]:
        entries = cast("list[Entry]", found)
        # What was buried lies under the state key.
        opened = [self._opener.opened(*entry, secrets={}) for entry in entries]
        pipeline = self._redis.pipeline(transaction=False)
        for one in opened:
            pipeline.hget(self._keys.message(one.message_id), "conversation")
        places = cast("list[bytes | None]", await pipeline.execute() if opened else [])
        return [
            _letter(text, fields, (place or b"").decode())
            for text, (_, fields), place in zip(opened, entries, places, strict=True)
        ]


def _letter(text: OutboxEntry | CorruptEntry, fields: Fields, conversation_id: str) -> DeadLetter:
    readable = text if isinstance(text, OutboxEntry) else None
    return DeadLetter(
        dead_letter_id=text.entry_id,
        message_id=text.message_id,
        conversation_id=conversation_id or (readable.envelope.conversation_id if readable else ""),
        death=DeadLetterReason(fields[b"reason"].decode()),
        accept_time=readable.accept_time if readable else None,
        death_time=from_ms(int(fields[b"died"])),
        is_readable=readable is not None,
    )


class Burials:
    """A dead letter outlives the secret of its conversation: its text goes under the state key."""

    def __init__(self, storage: PoolStorage) -> None:
        self._redis = storage.redis
        self._keys = storage.keys
        self._vault = storage.cipher
        self._owed = OutboxDecoder(storage)
        self._secrets = storage.data_keys

    async def texts(self, entry_ids: Sequence[str]) -> dict[str, bytes]:
        """The texts that are sealed anew, by their entries; without those that stay as they are."""
        if not entry_ids:
            return {}
        pipeline = self._redis.pipeline(transaction=False)
        for entry_id in entry_ids:
            pipeline.xrange(self._keys.outbox, min=entry_id, max=entry_id)
        found = cast("list[list[tuple[bytes, Mapping[bytes, bytes]]]]", await pipeline.execute())
        entries = [entry for entries in found for entry in entries if _is_of_conversation(entry)]
        secrets = await self._secrets.of(fields[b"text"] for _, fields in entries)
        sealed = (
            (entry_id.decode(), self._sealed(fields, secrets)) for entry_id, fields in entries
        )
        return {entry_id: text for entry_id, text in sealed if text}

    def _sealed(self, fields: Mapping[bytes, bytes], secrets: Secrets) -> bytes:
        """Nothing for what is damaged: it is kept as it is."""
        try:
            plain = self._owed.plain(fields, secrets)
        except DAMAGED:
            return b""
        return self._vault.encrypt(plain, self._keys.message(fields[b"message"].decode()))


def _is_of_conversation(entry: tuple[bytes, Mapping[bytes, bytes]]) -> bool:
    _, fields = entry
    return conversation_of((fields or {}).get(b"text", b"")) != ""
