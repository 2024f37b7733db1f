"""Everything sealed that lies behind some keys of Redis, and for which record each was sealed."""

from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple, cast

from redis.asyncio import Redis

from conversation_service.store.encryption.key_ring import is_sealed
from conversation_service.store.keyspace.keys import Keys, parse_key

# Kinds of keys that hold something sealed. In front of some there is a line in clear.
STRINGS = ("blinding-key", "settings", "conversation", "receipt")

HEADED = ("settings", "conversation", "receipt")

LISTS = ("held", "text-secrets")

OUTBOX, DEAD = "outbox", "dead"

STREAMS = (OUTBOX, DEAD)

# Entries read at once: short for Redis, which does nothing else meanwhile.
PAGE = 1000

# Entries of one stream that are looked at: the oldest, which is where those of a former key are.
MOST_ENTRIES = 10_000

Entry = tuple[bytes, dict[bytes, bytes]]


class EncryptedRecord(NamedTuple):
    """Something sealed, and where it lies."""

    key: str
    kind: str
    # Its place in a list, its entry in a stream; empty for a string.
    place: str
    # What it was sealed for: it cannot be opened as anything else.
    record: str
    # What stands in front of it, in clear.
    head: bytes
    sealed: bytes


class EncryptedRecords:
    """Reads them. What is gone in the meantime is left out, as is what is not sealed."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def behind(self, keys: Iterable[bytes]) -> list[EncryptedRecord]:
        """What is sealed behind these keys, in any order."""
        by_kind: dict[str, list[str]] = {}
        for key in map(bytes.decode, keys):
            by_kind.setdefault(parse_key(key).kind, []).append(key)
        found = await self._strings(by_kind) + await self._lists(by_kind)
        for kind in STREAMS:
            found += [one for key in by_kind.get(kind, ()) async for one in self._stream(key, kind)]
        return [one for one in found if is_sealed(one.sealed)]

    async def _strings(self, by_kind: dict[str, list[str]]) -> list[EncryptedRecord]:
        named = [(kind, key) for kind in STRINGS for key in by_kind.get(kind, ())]
        pipeline = self._redis.pipeline(transaction=False)
        for _, key in named:
            pipeline.get(key)
        stored = cast("list[bytes | None]", await pipeline.execute() if named else [])
        pairs = zip(named, stored, strict=True)
        return [_string(key, kind, value) for (kind, key), value in pairs if value]

    async def _lists(self, by_kind: dict[str, list[str]]) -> list[EncryptedRecord]:
        named = [(kind, key) for kind in LISTS for key in by_kind.get(kind, ())]
        pipeline = self._redis.pipeline(transaction=False)
        for _, key in named:
            pipeline.lrange(key, 0, -1)
        stored = cast("list[list[bytes]]", await pipeline.execute() if named else [])
        return [
            EncryptedRecord(key, kind, str(place), key, b"", value)
            for (kind, key), values in zip(named, stored, strict=True)
            for place, value in enumerate(values)
        ]

    async def _stream(self, key: str, kind: str) -> AsyncIterator[EncryptedRecord]:
        after = "-"
        for _ in range(0, MOST_ENTRIES, PAGE):
            entries = cast("list[Entry]", await self._redis.xrange(key, after, count=PAGE))
            for entry_id, fields in entries:
                yield _entry(key, kind, entry_id.decode(), fields)
            if len(entries) < PAGE:
                return
            after = f"({entries[-1][0].decode()}"


def _string(key: str, kind: str, value: bytes) -> EncryptedRecord:
    if kind not in HEADED:
        return EncryptedRecord(key, kind, "", key, b"", value)
    head, line_break, sealed = value.partition(b"\n")
    return EncryptedRecord(key, kind, "", key, head + line_break, sealed)


def _entry(key: str, kind: str, entry_id: str, fields: dict[bytes, bytes]) -> EncryptedRecord:
    """A text of the outbox, or one that left it: sealed for its message."""
    message_id = fields.get(b"message", b"").decode(errors="replace")
    record = Keys(parse_key(key).pool).message(message_id)
    return EncryptedRecord(key, kind, entry_id, record, b"", fields.get(b"text", b""))
