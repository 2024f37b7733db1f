"""Finds the pool a call is about."""

from collections.abc import Callable
from dataclasses import dataclass

from conversation_service.application.executor import Executor
from conversation_service.domain.errors import (
    ConversationNotFound,
    PoolNotFound,
    UnknownMaskedNumber,
)
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.pool import Pool, PoolSettings
from conversation_service.store.conversations.types import PoolStore
from conversation_service.store.deployment.pool_index import PoolIndex
from conversation_service.store.deployment.usage_samples import UsageSamples
from conversation_service.store.event_log import EventLog
from conversation_service.store.outbox.outbox import Outbox


@dataclass(frozen=True, slots=True, eq=False)
class PoolContext:
    """A pool, what carries out intents in it, and what it remembers."""

    name: str
    executor: Executor
    store: PoolStore
    outbox: Outbox
    journal: EventLog
    samples: UsageSamples

    @property
    def pool(self) -> Pool:
        """The pool as it was last seen."""
        return self.executor.pool

    async def settings(self) -> PoolSettings:
        """The pool's as they are now."""
        return (await self.executor.reload()).settings

    async def get(self, conversation_id: str) -> Conversation:
        """One conversation; raises ConversationNotFound."""
        found = await self.store.get(conversation_id)
        if found is None:
            raise ConversationNotFound(conversation_id)
        return found


class PoolDirectory:
    """The pools of this deployment, by name and by masked number."""

    def __init__(self, registry: PoolIndex, open_pool: Callable[[str], PoolContext]) -> None:
        """`open_pool` makes the way to a pool; the pool itself need not exist yet."""
        self._registry = registry
        self._open = open_pool
        self._by_name: dict[str, PoolContext] = {}
        self._owners: dict[str, PoolContext] = {}

    @property
    def pools(self) -> list[PoolContext]:
        """Those that are known to this replica, by name."""
        return [self._by_name[name] for name in sorted(self._by_name)]

    async def refresh(self) -> None:
        """Gets to know pools that have been created, here or by another replica."""
        for name in await self._registry.pools():
            if name not in self._by_name:
                opened = self._open(name)
                await opened.executor.reload()
                self._by_name[name] = opened

    async def named(self, name: str) -> PoolContext:
        """The pool of this name; raises PoolNotFound."""
        if name not in self._by_name:
            await self.refresh()
        try:
            return self._by_name[name]
        except KeyError:
            raise PoolNotFound(name) from None

    def uncreated(self, name: str) -> PoolContext:
        """The way to a pool that may not exist yet."""
        return self._by_name.get(name) or self._open(name)

    async def owner(self, masked_number: str) -> PoolContext:
        """The pool that owns this number; raises UnknownMaskedNumber."""
        if masked_number not in self._owners:
            name = await self._registry.owner(masked_number)
            if name is None:
                raise UnknownMaskedNumber
            self._owners[masked_number] = await self._owning(name)
        return self._owners[masked_number]

    def invalidate_number(self, masked_number: str) -> None:
        """The number has moved: ask again."""
        self._owners.pop(masked_number, None)

    async def _owning(self, name: str) -> PoolContext:
        try:
            return await self.named(name)
        except PoolNotFound:
            # It is just being created; the carrier sends the text again.
            raise UnknownMaskedNumber from None
