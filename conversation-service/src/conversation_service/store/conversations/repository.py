"""The state of one pool in Redis."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from redis.asyncio import Redis

from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.store.conversations.commit import CommitScript
from conversation_service.store.conversations.snapshot import ScriptCall, SnapshotScript
from conversation_service.store.conversations.types import Commit, LoadedBatch, Outcome
from conversation_service.store.encryption.blind_index import BlindIndexKeys
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import Keys
from conversation_service.store.keyspace.timestamps import to_ms
from conversation_service.store.records.encrypted import RecordCipher
from runtime.redis.scripts import RedisScripts, raised


def forget_call(keys: Keys, conversation_id: str) -> ScriptCall:
    """An ended conversation has been kept long enough, or is gone by itself."""
    return _keys(keys, conversation_id), (conversation_id, "", *_prefixes(keys), "", 0)


def erase_call(keys: Keys, ended: Conversation, now: datetime) -> ScriptCall:
    """An ended conversation goes with all its traces, unless it has changed since."""
    name, people = ended.conversation_id, ended.participants
    histories = (keys.history(person.participant_id) for person in people)
    arguments = (name, ended.etag, *_prefixes(keys), "traces", to_ms(now))
    return (*_keys(keys, name), *histories), arguments


def _keys(keys: Keys, name: str) -> tuple[str, ...]:
    own = (keys.conversation(name), keys.timeline(name), keys.answers(name))
    return (*own, keys.deadlines, keys.conversations, keys.events)


def _prefixes(keys: Keys) -> tuple[str, str]:
    return keys.receipt_prefix, keys.message_prefix


# A step of a walk over all people: short for Redis, which does nothing else meanwhile.
SCAN_COUNT = 1000


class ConversationRepository:
    """Satisfies PoolStore."""

    def __init__(self, redis: Redis, pool: str, vault: Cipher) -> None:
        self._redis = redis
        self._scripts = RedisScripts(redis, "conversation_service.store")
        self._keys = Keys(pool)
        self._names = BlindIndexKeys(self._keys, vault)
        self._seals = RecordCipher(self._keys, vault)
        self._layout = SnapshotScript(self._keys, vault)
        self._commits = CommitScript(self._keys, vault)

    async def pool(self) -> Pool | None:
        """See PoolStore."""
        stored = await self._redis.get(self._keys.settings)
        return self._seals.opened_pool(stored) if isinstance(stored, bytes) else None

    async def load(
        self, asked: Sequence[tuple[IdempotencyKey, ReadSet]], pool: Pool
    ) -> LoadedBatch:
        """See PoolStore."""
        calls = (self._layout.load_call(receipt, lookup) for receipt, lookup in asked)
        answered = await self._scripts.run([self._scripts.call("load", *call) for call in calls])
        replies = raised(answered)
        version = self._layout.version(replies[-1]) if replies else pool.version
        if version != pool.version:
            # It will be asked for again, with the lookups of the pool as it is.
            return LoadedBatch(version, [])
        found = [
            self._layout.loaded(receipt, lookup, reply, pool)
            for (receipt, lookup), reply in zip(asked, replies, strict=True)
        ]
        return LoadedBatch(version, found)

    async def commit(self, commits: Sequence[Commit]) -> list[Outcome]:
        """See PoolStore."""
        calls = self._commits.calls(commits)
        replies = await self._scripts.run([self._scripts.call("commit", *call) for call in calls])
        return [
            self._layout.outcome(commit.receipt, reply)
            for commit, reply in zip(commits, replies, strict=True)
        ]

    async def get(self, conversation_id: str) -> Conversation | None:
        """See PoolStore."""
        [found] = await self._read([conversation_id])
        return found

    async def page(self, size: int, before: str) -> list[Conversation]:
        """See PoolStore."""
        newest = f"({before}" if before else "+"
        ids = await self._redis.zrevrangebylex(self._keys.conversations, newest, "-", 0, size)
        return _present(await self._read(_names(ids)))

    async def named(self, unique_name: str) -> Conversation | None:
        """See PoolStore."""
        found = _present(await self._pointed([self._names.name(unique_name)]))
        return next((one for one in found if one.is_live), None)

    async def on_lines(self, lines: Sequence[Route]) -> list[Conversation]:
        """See PoolStore."""
        return _present(await self._pointed([self._names.route(line) for line in lines]))

    async def history(self, person: Person) -> list[Conversation]:
        """See PoolStore."""
        ids = await self._redis.zrange(self._keys.history(person.participant_id), 0, -1)
        return _present(await self._read(_names(ids)))

    async def loads(self, numbers: Sequence[str]) -> dict[str, int]:
        """See PoolStore."""
        found = cast("dict[bytes, bytes]", await self._redis.hgetall(self._keys.loads))
        return self._layout.counts([part for pair in found.items() for part in pair], numbers)

    async def live(self) -> int:
        """See PoolStore."""
        counts = cast("list[bytes]", await self._redis.hvals(self._keys.loads))
        return sum(map(int, counts))

    async def max_held(self) -> int:
        """See PoolStore."""
        most = 0
        async for _, count in self._redis.hscan_iter(self._keys.holders, count=SCAN_COUNT):
            most = max(most, int(count))
        return most

    async def due(self, now: datetime, limit: int) -> list[Conversation]:
        """See PoolStore."""
        ids = await self._redis.zrangebyscore(self._keys.deadlines, "-inf", to_ms(now), 0, limit)
        names = _names(ids)
        found = await self._read(names)
        # A record that expired by itself must not keep the place of one that is due.
        gone = [name for name, one in zip(names, found, strict=True) if one is None]
        if gone:
            await self.forget(gone)
        return _present(found)

    async def forget(self, conversation_ids: Sequence[str]) -> None:
        """See PoolStore."""
        calls = (forget_call(self._keys, name) for name in conversation_ids)
        raised(await self._scripts.run([self._scripts.call("forget", *one) for one in calls]))

    async def _pointed(self, pointers: Sequence[str]) -> list[Conversation | None]:
        if not pointers:
            return []
        ids = await self._redis.mget(pointers)
        return await self._read(list(dict.fromkeys(_names(ids))))

    async def _read(self, names: Sequence[str]) -> list[Conversation | None]:
        if not names:
            return []
        found = await self._redis.mget([self._keys.conversation(name) for name in names])
        stored = cast("list[bytes | None]", found)
        return [
            self._seals.opened_conversation(name, one)
            for name, one in zip(names, stored, strict=True)
        ]


def _present(found: Iterable[Conversation | None]) -> list[Conversation]:
    return [conversation for conversation in found if conversation is not None]


def _names(ids: Iterable[object]) -> list[str]:
    return [one.decode() for one in ids if isinstance(one, bytes)]
