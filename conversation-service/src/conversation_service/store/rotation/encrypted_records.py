"""Reads all encrypted values behind some Redis keys, with the record each was encrypted for."""

from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple, cast

from redis.asyncio import Redis

from conversation_service.store.encryption.key_ring import is_encrypted
from conversation_service.store.keyspace.keys import Keys, parse_key

# Kinds of keys with an encrypted value; some have a plain line in front of it.
STRINGS = ("blind-index-key", "settings", "conversation", "i", "erasure")

HEADED = ("settings", "conversation", "i", "erasure")

LISTS = ("held", "data-keys")

OUTBOX, DEAD = "outbox", "dead"

STREAMS = (OUTBOX, DEAD)

# Entries read at once: short for Redis, which does nothing else meanwhile.
PAGE = 1000

# Entries of one stream that are examined: the oldest, since those have former keys.
MAX_ENTRIES = 10_000

Entry = tuple[bytes, dict[bytes, bytes]]


class EncryptedRecord(NamedTuple):
    """An encrypted value and where it is stored."""

    key: str
    kind: str
    # Index in a list, entry id in a stream; empty for a string.
    position: str
    # The associated data: it cannot be decrypted as another record.
    record: str
    # What is in front of it, not encrypted.
    head: bytes
    encrypted: bytes


class EncryptedRecords:
    """Skips what has been deleted meanwhile, and what is not encrypted."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def read(self, keys: Iterable[bytes]) -> list[EncryptedRecord]:
        """The encrypted values behind these keys, in any order."""
        by_kind: dict[str, list[str]] = {}
        for key in map(bytes.decode, keys):
            by_kind.setdefault(parse_key(key).kind, []).append(key)
        records = await self._strings(by_kind) + await self._lists(by_kind)
        for kind in STREAMS:
            for key in by_kind.get(kind, ()):
                records += [record async for record in self._stream(key, kind)]
        return [record for record in records if is_encrypted(record.encrypted)]

    async def _strings(self, by_kind: dict[str, list[str]]) -> list[EncryptedRecord]:
        keys = [(kind, key) for kind in STRINGS for key in by_kind.get(kind, ())]
        pipeline = self._redis.pipeline(transaction=False)
        for _, key in keys:
            pipeline.get(key)
        values = cast("list[bytes | None]", await pipeline.execute() if keys else [])
        stored = zip(keys, values, strict=True)
        return [_string(key, kind, value) for (kind, key), value in stored if value]

    async def _lists(self, by_kind: dict[str, list[str]]) -> list[EncryptedRecord]:
        keys = [(kind, key) for kind in LISTS for key in by_kind.get(kind, ())]
        pipeline = self._redis.pipeline(transaction=False)
        for _, key in keys:
            pipeline.lrange(key, 0, -1)
        values = cast("list[list[bytes]]", await pipeline.execute() if keys else [])
        return [
            EncryptedRecord(key, kind, str(index), key, b"", item)
            for (kind, key), items in zip(keys, values, strict=True)
            for index, item in enumerate(items)
        ]

    async def _stream(self, key: str, kind: str) -> AsyncIterator[EncryptedRecord]:
        start = "-"
        for _ in range(0, MAX_ENTRIES, PAGE):
            entries = cast("list[Entry]", await self._redis.xrange(key, start, count=PAGE))
            for entry_id, fields in entries:
                yield _entry(key, kind, entry_id.decode(), fields)
            if len(entries) < PAGE:
                return
            start = f"({entries[-1][0].decode()}"


def _string(key: str, kind: str, value: bytes) -> EncryptedRecord:
    if kind not in HEADED:
        return EncryptedRecord(key, kind, "", key, b"", value)
    head, line_break, encrypted = value.partition(b"\n")
    return EncryptedRecord(key, kind, "", key, head + line_break, encrypted)


def _entry(key: str, kind: str, entry_id: str, fields: dict[bytes, bytes]) -> EncryptedRecord:
    """An entry of the outbox or the dead letters, encrypted for its message."""
    message_id = fields.get(b"message", b"").decode(errors="replace")
    record = Keys(parse_key(key).pool).message(message_id)
    return EncryptedRecord(key, kind, entry_id, record, b"", fields.get(b"text", b""))
