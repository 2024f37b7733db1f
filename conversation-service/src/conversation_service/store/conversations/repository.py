"""The conversations and the settings of one pool."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.store.conversations.commit import CommitScript
from conversation_service.store.conversations.snapshot import SnapshotScript
from conversation_service.store.conversations.types import Commit, CommitOutcome, LoadedBatch
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.keyspace.timestamps import to_ms
from conversation_service.store.storage import PoolStorage
from runtime.redis.scripts import Argument, raise_first_error

# One step of a walk over all people: short for Redis, which does nothing else meanwhile.
SCAN_COUNT = 1000

# The keys and arguments of purge.lua.
PurgeCall = tuple[Sequence[str], Sequence[Argument]]


def purge_call(keys: Keys, conversation_id: str) -> PurgeCall:
    """Removes a conversation that was kept long enough, or whose record has expired."""
    return _keys(keys, conversation_id), (conversation_id, "", *_prefixes(keys), "", 0)


def erase_call(keys: Keys, ended: Conversation, now: datetime) -> PurgeCall:
    """Removes an ended conversation with all its traces, unless it has changed since."""
    conversation_id, people = ended.conversation_id, ended.participants
    histories = (keys.history(person.participant_id) for person in people)
    arguments = (conversation_id, ended.etag, *_prefixes(keys), "traces", to_ms(now))
    return (*_keys(keys, conversation_id), *histories), arguments


def _keys(keys: Keys, name: str) -> tuple[str, ...]:
    own = (keys.conversation(name), keys.timeline(name), keys.responses(name))
    return (*own, keys.deadlines, keys.conversations, keys.events)


def _prefixes(keys: Keys) -> tuple[str, str]:
    return keys.idempotency_prefix, keys.message_prefix


class ConversationRepository:
    """The state of one pool; its promises are tests/contract's."""

    def __init__(self, storage: PoolStorage) -> None:
        self._redis = storage.redis
        self._scripts = storage.scripts
        self._keys = storage.keys
        self._index = storage.index
        self._records = storage.records
        self._snapshots = SnapshotScript(storage)
        self._commits = CommitScript(storage)
        self._pool: Pool | None = None

    async def pool(self) -> Pool | None:
        """The pool as it is now; None until it is created. Decrypted once for each version."""
        version = await self._redis.get(self._keys.version)
        if not isinstance(version, bytes):
            return None
        if self._pool is None or self._pool.version != version.decode():
            stored = await self._redis.get(self._keys.settings)
            self._pool = self._records.decrypt_pool(stored) if isinstance(stored, bytes) else None
        return self._pool

    async def load(
        self, commands: Sequence[tuple[IdempotencyKey, ReadSet]], pool: Pool, now: datetime
    ) -> LoadedBatch:
        """What all commands need, in one round trip; `pool` as the caller knows it.

        Nothing but the version if the pool has changed: the read sets depend on it.
        """
        reads = [self._snapshots.reads(read_set, pool) for _, read_set in commands]
        keys = [key for key, _ in commands]
        calls = [self._snapshots.call(key, read) for key, read in zip(keys, reads, strict=True)]
        replies = raise_first_error(await self._scripts.run(calls))
        heads = [self._snapshots.head(reply) for reply in replies]
        version = heads[-1][1] if heads else pool.version
        if version != pool.version:
            return LoadedBatch(version, [], [])
        duplicates = [
            self._commits.duplicate(key, record)
            for key, (record, _) in zip(keys, heads, strict=True)
        ]
        snapshots = [
            self._snapshots.snapshot(read_set, read, reply, pool, now)
            for (_, read_set), read, reply in zip(commands, reads, replies, strict=True)
        ]
        return LoadedBatch(version, duplicates, snapshots)

    async def commit(self, commits: Sequence[Commit]) -> list[CommitOutcome]:
        """Writes each change whole or not at all, in order, in one round trip.

        A change may build on an earlier one of the same call. Errors are outcomes.
        """
        replies = await self._scripts.run(list(self._commits.calls(commits)))
        return [
            self._commits.outcome(commit.key, reply)
            for commit, reply in zip(commits, replies, strict=True)
        ]

    async def get(self, conversation_id: str) -> Conversation | None:
        """One conversation, also an ended one while it is kept."""
        [conversation] = await self._read([conversation_id])
        return conversation

    async def page(self, size: int, before: str) -> list[Conversation]:
        """Conversations, newest first; those older than the id `before` if it is not empty."""
        newest = f"({before}" if before else "+"
        ids = await self._redis.zrevrangebylex(self._keys.conversations, newest, "-", 0, size)
        return _existing(await self._read(_decoded(ids)))

    async def named(self, unique_name: str) -> Conversation | None:
        """The live conversation with this unique name."""
        conversations = _existing(await self._behind([self._index.unique_name(unique_name)]))
        return next((item for item in conversations if item.is_live), None)

    async def on_routes(self, routes: Sequence[Route]) -> list[Conversation]:
        """The conversations on these routes, live or cooling off, each once."""
        return _existing(await self._behind([self._index.route(route) for route in routes]))

    async def history(self, person: Person) -> list[Conversation]:
        """The stored ended conversations of a person."""
        ids = await self._redis.zrange(self._keys.history(person.participant_id), 0, -1)
        return _existing(await self._read(_decoded(ids)))

    async def live_counts(self, numbers: Sequence[str]) -> dict[str, int]:
        """How many live conversations each of these numbers has."""
        counts = cast("dict[bytes, bytes]", await self._redis.hgetall(self._keys.live_by_number))
        flat = [part for pair in counts.items() for part in pair]
        return self._snapshots.counts(flat, numbers)

    async def live(self) -> int:
        """How many conversations are live."""
        counts = cast("list[bytes]", await self._redis.hvals(self._keys.live_by_number))
        return sum(map(int, counts))

    async def max_held(self) -> int:
        """The most live conversations of any one person."""
        most = 0
        async for _, count in self._redis.hscan_iter(self._keys.live_by_person, count=SCAN_COUNT):
            most = max(most, int(count))
        return most

    async def due(self, now: datetime, limit: int) -> list[Conversation]:
        """The conversations that time changes now, the longest overdue first."""
        stored = await self._redis.zrangebyscore(self._keys.deadlines, "-inf", to_ms(now), 0, limit)
        ids = _decoded(stored)
        conversations = await self._read(ids)
        # The id of a record that has expired must not keep others from being due.
        stale = [name for name, item in zip(ids, conversations, strict=True) if item is None]
        if stale:
            await self.purge(stale)
        return _existing(conversations)

    async def purge(self, conversation_ids: Sequence[str]) -> None:
        """Removes ended conversations for good."""
        calls = (purge_call(self._keys, conversation_id) for conversation_id in conversation_ids)
        raise_first_error(
            await self._scripts.run([self._scripts.call("purge", *call) for call in calls])
        )

    async def _behind(self, pointers: Sequence[str]) -> list[Conversation | None]:
        if not pointers:
            return []
        ids = await self._redis.mget(pointers)
        return await self._read(list(dict.fromkeys(_decoded(ids))))

    async def _read(self, ids: Sequence[str]) -> list[Conversation | None]:
        if not ids:
            return []
        values = await self._redis.mget([self._keys.conversation(name) for name in ids])
        records = zip(ids, cast("list[bytes | None]", values), strict=True)
        return [self._records.decrypt_conversation(name, record) for name, record in records]


def _existing(conversations: Iterable[Conversation | None]) -> list[Conversation]:
    return [conversation for conversation in conversations if conversation is not None]


def _decoded(ids: Iterable[object]) -> list[str]:
    return [stored.decode() for stored in ids if isinstance(stored, bytes)]
