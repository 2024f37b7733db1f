"""What operators do with pools and their masked numbers."""

from collections.abc import Iterable
from dataclasses import dataclass

from conversation_service.application.pools import PoolContext, PoolDirectory
from conversation_service.domain.commands.core.command import Command
from conversation_service.domain.commands.operator.pools import (
    AddNumber,
    CreatePool,
    DrainNumber,
    RemoveNumber,
    UpdatePool,
)
from conversation_service.domain.errors import ConversationError, NumberTaken
from conversation_service.domain.model.capacity import CapacityReport, capacity_report
from conversation_service.domain.model.pool import MaskedNumber, Pool, PoolSettings
from conversation_service.messaging.client import MessagingClient
from conversation_service.store.deployment.pool_index import PoolIndex
from runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class NumberDifferences:
    """Between a pool and what the carrier account owns."""

    missing_at_carrier: list[str]
    in_no_pool: list[str]
    not_messaging_enabled: list[str]


class Pools:
    """A number is claimed for its pool before the pool has it, and given up after it has left it.

    A crash in between leaves a claim that the same call, repeated, finds to be its own.
    """

    def __init__(
        self,
        directory: PoolDirectory,
        registry: PoolIndex,
        messaging: MessagingClient,
        clock: Clock,
    ) -> None:
        self._directory = directory
        self._registry = registry
        self._messaging = messaging
        self._clock = clock

    async def create(
        self, name: str, request_id: str, settings: PoolSettings, numbers: tuple[MaskedNumber, ...]
    ) -> Pool:
        """Raises PoolExists, NumberTaken, InvalidArgument, PoolFull."""
        pool = self._directory.uncreated(name)
        await self._claiming(pool, numbers, CreatePool(request_id, settings, numbers))
        await self._registry.enter(name)
        return (await self._directory.named(name)).pool

    async def get(self, name: str) -> Pool:
        """The pool as it is now, whichever replica changed it last. Raises PoolNotFound."""
        return await (await self._directory.named(name)).executor.reload()

    async def all(self) -> list[Pool]:
        """Every pool, by name."""
        await self._directory.refresh()
        return [await pool.executor.reload() for pool in self._directory.pools]

    async def update(
        self, name: str, request_id: str, settings: PoolSettings, fields: tuple[str, ...]
    ) -> Pool:
        """Raises PoolNotFound, InvalidArgument."""
        pool = await self._directory.named(name)
        await pool.executor.run(UpdatePool(request_id, settings, fields))
        return await pool.executor.reload()

    async def add_number(self, name: str, request_id: str, number: MaskedNumber) -> Pool:
        """Raises PoolNotFound, NumberTaken, PoolFull."""
        pool = await self._directory.named(name)
        await self._claiming(pool, (number,), AddNumber(request_id, number))
        return await pool.executor.reload()

    async def drain_number(self, name: str, request_id: str, masked_number: str) -> Pool:
        """Raises PoolNotFound, UnknownMaskedNumber."""
        pool = await self._directory.named(name)
        await pool.executor.run(DrainNumber(request_id, masked_number))
        return await pool.executor.reload()

    async def remove_number(self, name: str, request_id: str, masked_number: str) -> Pool:
        """Raises PoolNotFound, UnknownMaskedNumber, NumberInUse."""
        pool = await self._directory.named(name)
        await pool.executor.run(RemoveNumber(request_id, masked_number))
        after = await pool.executor.reload()
        if after.number(masked_number) is None:
            await self._registry.release(name, masked_number)
        return after

    async def loads(self, name: str) -> dict[str, int]:
        """How many live conversations each number has."""
        pool = await self._directory.named(name)
        return await pool.store.loads(pool.pool.masked_numbers)

    async def compare(self, name: str) -> NumberDifferences:
        """Raises PoolNotFound, CarrierAccountRefused, MessagingUnavailable."""
        pool = await self.get(name)
        account = await self._messaging.account_numbers()
        owned = {number.phone_number for number in account}
        mute = {number.phone_number for number in account if not number.may_text}
        spare = owned - set(pool.masked_numbers)
        return NumberDifferences(
            missing_at_carrier=[one for one in pool.masked_numbers if one not in owned],
            in_no_pool=[one for one in sorted(spare) if await self._registry.owner(one) is None],
            not_messaging_enabled=[one for one in pool.masked_numbers if one in mute],
        )

    async def advice(self, name: str) -> CapacityReport:
        """Raises PoolNotFound."""
        pool = await self._directory.named(name)
        live, most = await pool.store.live(), await pool.store.max_held()
        history = [(one.time, one.max_held) for one in await pool.samples.all()]
        return capacity_report(await pool.executor.reload(), live, most, history, self._clock.now())

    async def _claiming(
        self, pool: PoolContext, numbers: Iterable[MaskedNumber], intent: Command
    ) -> None:
        wanted = [number.phone_number for number in numbers]
        if not await self._registry.claim(pool.name, wanted):
            raise NumberTaken
        try:
            await pool.executor.run(intent)
        except ConversationError:
            known = await pool.executor.reload()
            for number in wanted:
                if known.number(number) is None:
                    await self._registry.release(pool.name, number)
            raise
