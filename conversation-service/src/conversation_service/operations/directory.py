"""Finds the pool a call is about."""

from collections.abc import Iterable
from dataclasses import dataclass

from conversation_service.domain.conversation import Conversation
from conversation_service.domain.errors import (
    ConversationNotFound,
    PoolNotFound,
    UnknownMaskedNumber,
)
from conversation_service.domain.pool import Pool
from conversation_service.operations.executor import Executor
from conversation_service.store.store import PoolStore


@dataclass(frozen=True, slots=True)
class Page:
    """Some conversations, and what leads to the next ones: nothing at the end."""

    conversations: list[Conversation]
    next_token: str


@dataclass(frozen=True, slots=True, eq=False)
class OpenPool:
    """A pool, what carries out intents in it, and what it remembers."""

    pool: Pool
    executor: Executor
    store: PoolStore

    async def get(self, conversation_id: str) -> Conversation:
        """One conversation; raises ConversationNotFound."""
        found = await self.store.get(conversation_id)
        if found is None:
            raise ConversationNotFound(conversation_id)
        return found

    async def page(self, size: int, token: str) -> Page:
        """Conversations, newest first."""
        found = await self.store.page(size, token)
        return Page(found, found[-1].conversation_id if len(found) == size else "")


class Directory:
    """The pools of this deployment, by name and by masked number."""

    def __init__(self, pools: Iterable[OpenPool]) -> None:
        self._by_name = {one.pool.name: one for one in pools}
        self._by_number = {
            number: one for one in self._by_name.values() for number in one.pool.masked_numbers
        }

    def named(self, pool: str) -> OpenPool:
        """The pool of this name; raises PoolNotFound."""
        try:
            return self._by_name[pool]
        except KeyError:
            raise PoolNotFound(pool) from None

    def owner(self, masked_number: str) -> OpenPool:
        """The pool that owns this number; raises UnknownMaskedNumber."""
        try:
            return self._by_number[masked_number]
        except KeyError:
            raise UnknownMaskedNumber from None
