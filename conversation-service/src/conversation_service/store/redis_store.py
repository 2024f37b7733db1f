"""The state of one pool in Redis."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from redis.asyncio import Redis

from conversation_service.domain.conversation import Conversation
from conversation_service.domain.facts import Lookup
from conversation_service.domain.intents import Receipt
from conversation_service.store.codec import (
    to_ms,
)
from conversation_service.store.keys import Keys
from conversation_service.store.layout import Layout
from conversation_service.store.scripts import Scripts
from conversation_service.store.store import Commit, Loaded, Outcome
from conversation_service.store.vault import Vault


class RedisStore:
    """Satisfies PoolStore."""

    def __init__(self, redis: Redis, pool: str, vault: Vault) -> None:
        self._redis = redis
        self._scripts = Scripts(redis)
        self._keys = Keys(pool)
        self._layout = Layout(self._keys, vault)

    async def load(self, asked: Sequence[tuple[Receipt, Lookup]]) -> list[Loaded]:
        """See PoolStore."""
        calls = [self._layout.load_call(receipt, lookup) for receipt, lookup in asked]
        answers = await self._scripts.run_each("load", calls)
        return [
            self._layout.loaded(receipt, lookup, answer)
            for (receipt, lookup), answer in zip(asked, _raised(answers), strict=True)
        ]

    async def commit(self, commits: Sequence[Commit]) -> list[Outcome]:
        """See PoolStore."""
        calls = [self._layout.commit_call(commit) for commit in commits]
        answers = await self._scripts.run_each("commit", calls)
        return [
            self._layout.outcome(commit.receipt, answer)
            for commit, answer in zip(commits, answers, strict=True)
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
        return _present(await self._read(_names(ids)))

    async def forget(self, conversation_ids: Sequence[str]) -> None:
        """See PoolStore."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.zrem(self._keys.deadlines, *conversation_ids)
        pipeline.zrem(self._keys.conversations, *conversation_ids)
        pipeline.delete(*map(self._keys.conversation, conversation_ids))
        await pipeline.execute()

    async def _read(self, names: Sequence[str]) -> list[Conversation | None]:
        pipeline = self._redis.pipeline(transaction=False)
        for name in names:
            pipeline.hget(self._keys.conversation(name), "body")
        bodies = await pipeline.execute()
        return [self._layout.opened(name, body) for name, body in zip(names, bodies, strict=True)]


def _present(found: Iterable[Conversation | None]) -> list[Conversation]:
    return [conversation for conversation in found if conversation is not None]


def _raised(answers: Sequence[list[Any] | Exception]) -> list[list[Any]]:
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return [answer for answer in answers if not isinstance(answer, Exception)]


def _names(ids: Iterable[object]) -> list[str]:
    return [one.decode() for one in ids if isinstance(one, bytes)]
