"""The pools that this replica serves, by name and by masked number."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from conversation_service.application.executor import Executor
from conversation_service.domain.errors import (
    ConversationNotFound,
    MaskedNumberNotFound,
    PoolNotFound,
)
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.pool import Pool, PoolSettings
from conversation_service.store.conversations.repository import ConversationRepository
from conversation_service.store.deployment.pool_index import PoolIndex
from conversation_service.store.deployment.usage_samples import UsageSamples
from conversation_service.store.event_log import EventLog
from conversation_service.store.outbox.outbox import Outbox


@dataclass(frozen=True, slots=True, eq=False)
class PoolContext:
    """A pool with its executor and its stores."""

    name: str
    executor: Executor
    store: ConversationRepository
    outbox: Outbox
    event_log: EventLog
    samples: UsageSamples

    @property
    def pool(self) -> Pool:
        """The pool as the executor last loaded it."""
        return self.executor.pool

    async def current_settings(self) -> PoolSettings:
        """The settings as they are now; the executor is not affected."""
        return (await self.store.pool() or self.pool).settings

    async def settings_at(self, version: str) -> PoolSettings:
        """The settings of this version of the pool, or of a later one."""
        return (await self.store.pool_at(version) or self.pool).settings

    async def get(self, conversation_id: str) -> Conversation:
        """One conversation; raises ConversationNotFound."""
        conversation = await self.store.get(conversation_id)
        if conversation is None:
            raise ConversationNotFound(conversation_id)
        return conversation


class PoolDirectory:
    """Finds the context of a pool."""

    def __init__(self, index: PoolIndex, open_pool: Callable[[str], PoolContext]) -> None:
        """`open_pool` makes a context; the pool itself need not exist yet."""
        self._index = index
        self._open = open_pool
        self._by_name: dict[str, PoolContext] = {}
        self._by_number: dict[str, PoolContext] = {}

    @property
    def pools(self) -> list[PoolContext]:
        """The pools known to this replica, sorted by name."""
        return [self._by_name[name] for name in sorted(self._by_name)]

    async def refresh(self) -> None:
        """Opens pools that have been created since, here or by another replica."""
        for name in await self._index.pools():
            if name not in self._by_name:
                context = self._open(name)
                await context.executor.reload()
                self._by_name[name] = context

    async def by_name(self, name: str) -> PoolContext:
        """The pool of this name; raises PoolNotFound."""
        if name not in self._by_name:
            await self.refresh()
        try:
            return self._by_name[name]
        except KeyError:
            raise PoolNotFound(name) from None

    def uncreated(self, name: str) -> PoolContext:
        """The context of a pool that may not exist yet."""
        return self._by_name.get(name) or self._open(name)

    async def by_number(self, masked_number: str) -> PoolContext:
        """The pool that owns this number; raises MaskedNumberNotFound."""
        if masked_number not in self._by_number:
            name = await self._index.owner(masked_number)
            if name is None:
                raise MaskedNumberNotFound
            self._by_number[masked_number] = await self._owning(name)
        return self._by_number[masked_number]

    async def masked_among(self, numbers: Iterable[str]) -> set[str]:
        """The given numbers that are masked numbers of any pool: no participant has one."""
        return await self._index.owned(sorted(set(numbers)))

    def invalidate_number(self, masked_number: str) -> None:
        """Looks the number up again next time, as it has moved."""
        self._by_number.pop(masked_number, None)

    async def _owning(self, name: str) -> PoolContext:
        try:
            return await self.by_name(name)
        except PoolNotFound:
            # The pool is being created; the carrier sends the message again.
            raise MaskedNumberNotFound from None
