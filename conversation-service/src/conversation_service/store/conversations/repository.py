"""The conversations and the settings of one pool."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, cast

from cryptography.exceptions import InvalidTag

from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.store.conversations.commit import CARRIER_BLOCK_LIFETIME, CommitScript
from conversation_service.store.conversations.purge import listings_of, purge_call
from conversation_service.store.conversations.recent_states import RecentStates
from conversation_service.store.conversations.snapshot import SnapshotScript
from conversation_service.store.conversations.types import Commit, CommitOutcome, LoadedBatch
from conversation_service.store.keyspace.timestamps import span_ms, to_ms
from conversation_service.store.people import PeopleLookup
from conversation_service.store.storage import PoolStorage
from runtime.redis.scripts import raise_first_error

# One step of a walk over all people: short for Redis, which does nothing else meanwhile.
SCAN_COUNT = 1000


class Page(NamedTuple):
    """A page of conversations; the next one begins before the id `next_before`, "" if none does."""

    conversations: list[Conversation]
    next_before: str


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
        self._people = PeopleLookup(storage)
        self._recent = RecentStates()
        self._pool: Pool | None = None

    async def pool(self) -> Pool | None:
        """The pool as it is now; None until it is created. Decrypted once for each version."""
        version = await self._redis.get(self._keys.version)
        return await self.pool_at(version.decode()) if isinstance(version, bytes) else None

    async def pool_at(self, version: str) -> Pool | None:
        """The pool of this version, or of a later one."""
        if self._pool is None or self._pool.version != version:
            stored = await self._redis.get(self._keys.settings)
            self._pool = self._records.decrypt_pool(stored) if isinstance(stored, bytes) else None
        return self._pool

    async def load(
        self,
        commands: Sequence[tuple[IdempotencyKey, ReadSet]],
        pool: Pool,
        now: datetime,
        *,
        may_recall: bool = False,
    ) -> LoadedBatch:
        """What all commands need, in one round trip at most; `pool` as the caller knows it.

        With `may_recall`, this replica's own last states are not loaded again. Nothing but the
        version if the pool has changed: the read sets depend on it.
        """
        recalled = [
            self._recent.snapshot(read_set, pool, now) if may_recall else None
            for _, read_set in commands
        ]
        own = [snapshot for snapshot in recalled if snapshot]
        pairs = zip(commands, recalled, strict=True)
        loaded = await self._load([item for item, snapshot in pairs if not snapshot], pool, now)
        duplicates = iter(loaded.duplicates)
        return replace(
            loaded,
            duplicates=[None if snapshot else next(duplicates, None) for snapshot in recalled],
            recalled=[snapshot is not None for snapshot in recalled],
            snapshots=[*own, *loaded.snapshots],
        )

    async def _load(
        self, commands: Sequence[tuple[IdempotencyKey, ReadSet]], pool: Pool, now: datetime
    ) -> LoadedBatch:
        if not commands:
            return LoadedBatch(pool.version)
        reads = [self._snapshots.reads(read_set, pool) for _, read_set in commands]
        keys = [key for key, _ in commands]
        calls = [self._snapshots.call(key, read) for key, read in zip(keys, reads, strict=True)]
        people = list(dict.fromkeys(person for _, reads in commands for person in reads.people))
        calls += self._people.calls(people)
        replies = raise_first_error(await self._scripts.run(calls))
        replies, of_people = replies[: len(commands)], replies[len(commands) :]
        heads = [self._snapshots.head(reply) for reply in replies]
        _, version = heads[-1]
        if version != pool.version:
            return LoadedBatch(version)
        return LoadedBatch(
            version,
            duplicates=[
                self._commits.duplicate(key, record)
                for key, (record, _) in zip(keys, heads, strict=True)
            ],
            snapshots=[
                self._snapshots.snapshot(read_set, read, reply, pool, now)
                for (_, read_set), read, reply in zip(commands, reads, replies, strict=True)
            ],
            people=self._people.status(people, of_people),
        )

    async def commit(self, commits: Sequence[Commit]) -> list[CommitOutcome]:
        """Writes each change whole or not at all, in order, in one round trip.

        A change may build on an earlier one of the same call. Errors are outcomes.
        """
        replies = await self._scripts.run(list(self._commits.calls(commits)))
        outcomes = [
            self._commits.outcome(commit.key, reply)
            for commit, reply in zip(commits, replies, strict=True)
        ]
        for commit, outcome in zip(commits, outcomes, strict=True):
            self._recent.update(commit, outcome)
        return outcomes

    async def get(self, conversation_id: str) -> Conversation | None:
        """One conversation, also an ended one while it is kept."""
        [conversation] = await self._read([conversation_id])
        return conversation

    async def page(
        self, size: int, before: str, states: Collection[State] = (), masked_number: str = ""
    ) -> Page:
        """Conversations, newest first; those older than the id `before` if it is not empty.

        Reads at most a page for each state, whatever the filter.
        """
        newest = f"({before}" if before else "+"
        # One transaction, as a conversation may move to another state.
        pipeline = self._redis.pipeline(transaction=True)
        for listed in states or State:
            key = self._index.conversations(masked_number, listed)
            pipeline.zrevrangebylex(key, newest, "-", 0, size + 1)
        lists = cast("list[list[bytes]]", await pipeline.execute())
        ids = sorted((stored.decode() for items in lists for stored in items), reverse=True)
        next_before = ids[size - 1] if len(ids) > size else ""
        return Page(_existing(await self._read(ids[:size])), next_before)

    async def by_ids(self, conversation_ids: Iterable[str]) -> dict[str, Conversation]:
        """The stored ones of these conversations, by their id, without damaged ones."""
        conversations: dict[str, Conversation] = {}
        for name, record in await self._records_of(sorted(set(conversation_ids))):
            with suppress(InvalidTag):
                conversation = self._records.decrypt_conversation(name, record)
                conversations |= {name: conversation} if conversation else {}
        return conversations

    async def named(self, unique_name: str) -> list[Conversation]:
        """The stored conversations with this unique name, newest first."""
        # One transaction, as one may end or be reopened.
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.get(self._index.unique_name(unique_name))
        pipeline.zrange(self._index.name_history(unique_name), 0, -1)
        live, ended = cast("tuple[bytes | None, list[bytes]]", await pipeline.execute())
        return _existing(await self._read(sorted(_decoded([live, *ended]), reverse=True)))

    async def on_routes(self, routes: Sequence[Route]) -> list[Conversation]:
        """The conversations on these routes, live or cooling off, each once."""
        return _existing(await self._behind([self._index.route(route) for route in routes]))

    async def record_carrier_block(self, route: Route) -> None:
        """The carrier has refused a message on the route, as its person has opted out there."""
        lifetime = span_ms(CARRIER_BLOCK_LIFETIME)
        await self._redis.set(self._index.carrier_block(route), 1, px=lifetime)

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

    async def live_among(self, participant_ids: Sequence[str]) -> list[str]:
        """Those of these people who have a live conversation."""
        counts = await self._redis.hmget(self._keys.live_by_person, list(participant_ids))
        return [name for name, count in zip(participant_ids, counts, strict=True) if count]

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
            pool = await self.pool()
            numbers = pool.masked_numbers if pool else ()
            await self._purge(dict.fromkeys(stale, listings_of(self._index, numbers, State)))
        return _existing(conversations)

    async def purge(self, ended: Sequence[Conversation]) -> None:
        """Removes ended conversations for good."""
        await self._purge(
            {
                item.conversation_id: listings_of(self._index, (item.masked_number,))
                for item in ended
            }
        )

    async def _purge(self, listings: Mapping[str, Sequence[str]]) -> None:
        """By conversation id, with the lists that it may be in."""
        calls = (purge_call(self._keys, *item) for item in listings.items())
        raise_first_error(
            await self._scripts.run([self._scripts.call("purge", *call) for call in calls])
        )

    async def _behind(self, pointers: Sequence[str]) -> list[Conversation | None]:
        if not pointers:
            return []
        ids = await self._redis.mget(pointers)
        return await self._read(list(dict.fromkeys(_decoded(ids))))

    async def _read(self, ids: Sequence[str]) -> list[Conversation | None]:
        return [
            self._records.decrypt_conversation(name, record)
            for name, record in await self._records_of(ids)
        ]

    async def _records_of(self, ids: Sequence[str]) -> list[tuple[str, bytes | None]]:
        if not ids:
            return []
        values = await self._redis.mget([self._keys.conversation(name) for name in ids])
        return list(zip(ids, cast("list[bytes | None]", values), strict=True))


def _existing(conversations: Iterable[Conversation | None]) -> list[Conversation]:
    return [conversation for conversation in conversations if conversation is not None]


def _decoded(ids: Iterable[object]) -> list[str]:
    return [stored.decode() for stored in ids if isinstance(stored, bytes)]
