"""The state of one pool in Redis."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from redis.asyncio import Redis

from conversation_service.domain.conversation import Conversation
from conversation_service.domain.facts import Lookup
from conversation_service.domain.intents import Receipt
from conversation_service.store.codec import (
    to_ms,
)
from conversation_service.store.keys import Keys
from conversation_service.store.layout import Layout
from conversation_service.store.store import Commit, Loaded, Outcome
from conversation_service.store.vault import Vault
from runtime.redis_scripts import RedisScripts, raised


class RedisStore:
    """Satisfies PoolStore."""

    def __init__(self, redis: Redis, pool: str, vault: Vault) -> None:
        self._redis = redis
        self._scripts = RedisScripts(redis, __package__)
        self._keys = Keys(pool)
        self._layout = Layout(self._keys, vault)

    async def load(self, asked: Sequence[tuple[Receipt, Lookup]]) -> list[Loaded]:
        """See PoolStore."""
        calls = (self._layout.load_call(receipt, lookup) for receipt, lookup in asked)
        replies = await self._scripts.run([self._scripts.call("load", *call) for call in calls])
        return [
            self._layout.loaded(receipt, lookup, reply)
            for (receipt, lookup), reply in zip(asked, raised(replies), strict=True)
        ]

    async def commit(self, commits: Sequence[Commit]) -> list[Outcome]:
        """See PoolStore."""
        calls = (self._layout.commit_call(commit) for commit in commits)
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
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.zrem(self._keys.deadlines, *conversation_ids)
        pipeline.zrem(self._keys.conversations, *conversation_ids)
        pipeline.delete(*map(self._keys.conversation, conversation_ids))
        await pipeline.execute()

    async def _read(self, names: Sequence[str]) -> list[Conversation | None]:
        if not names:
            return []
        found = await self._redis.mget([self._keys.conversation(name) for name in names])
        stored = cast("list[bytes | None]", found)
        return [self._layout.opened(name, one) for name, one in zip(names, stored, strict=True)]


def _present(found: Iterable[Conversation | None]) -> list[Conversation]:
    return [conversation for conversation in found if conversation is not None]


def _names(ids: Iterable[object]) -> list[str]:
    return [one.decode() for one in ids if isinstance(one, bytes)]
