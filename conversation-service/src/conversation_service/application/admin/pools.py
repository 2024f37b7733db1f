"""Pools and their masked numbers: create, change, compare with the carrier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conversation_service.application.pools import PoolContext, PoolDirectory
from conversation_service.domain.commands.core.command import Command
from conversation_service.domain.commands.operator.masked_numbers import (
    AddMaskedNumber,
    ChangeMaskedNumber,
    RemoveMaskedNumber,
)
from conversation_service.domain.commands.operator.pools import CreatePool, UpdatePool
from conversation_service.domain.errors import (
    ConversationError,
    MaskedNumberAlreadyAssigned,
    MaskedNumberNotFound,
)
from conversation_service.domain.model.capacity import CapacityReport, capacity_report
from conversation_service.domain.model.pool import MaskedNumber, NumberState, Pool, PoolSettings
from conversation_service.messaging.client import MessagingClient
from conversation_service.store.deployment.pool_index import PoolIndex
from runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class NumberUse:
    """A masked number and how many live conversations it has."""

    number: MaskedNumber
    live_count: int


@dataclass(frozen=True, slots=True)
class NumberDifferences:
    """Differences between a pool and the numbers of the carrier account."""

    not_at_carrier: list[str]
    without_messaging: list[str]
    in_no_pool: list[str]


class Pools:
    """A number is claimed before its pool gets it, and released after the pool has lost it.

    After a crash in between, the repeated call finds that the claim is its own.
    """

    def __init__(
        self, directory: PoolDirectory, index: PoolIndex, messaging: MessagingClient, clock: Clock
    ) -> None:
        self._directory = directory
        self._index = index
        self._messaging = messaging
        self._clock = clock

    async def create(
        self, name: str, request_id: str, settings: PoolSettings, numbers: tuple[MaskedNumber, ...]
    ) -> Pool:
        """Raises PoolAlreadyExists, InvalidArgument and what concerns its masked numbers."""
        pool = self._directory.uncreated(name)
        command = CreatePool(request_id, settings, numbers)
        fields = {
            number.phone_number: f"masked_numbers[{index}]" for index, number in enumerate(numbers)
        }
        await self._run_with_claim(pool, fields, command)
        await self._index.add(name)
        return (await self._directory.by_name(name)).pool

    async def get(self, name: str) -> Pool:
        """Reloaded, since another replica may have changed it. Raises PoolNotFound."""
        return await (await self._directory.by_name(name)).executor.reload()

    async def pools(self, after: str, limit: int) -> list[Pool]:
        """The first pools behind `after`, sorted by name."""
        await self._directory.refresh()
        pools = [pool for pool in self._directory.pools if pool.name > after]
        return [await pool.executor.reload() for pool in pools[:limit]]

    async def update(self, name: str, command: UpdatePool) -> Pool:
        """Raises PoolNotFound, EtagMismatch, InvalidArgument."""
        pool = await self._directory.by_name(name)
        await pool.executor.run(command)
        return await pool.executor.reload()

    async def add_number(self, name: str, command: AddMaskedNumber) -> NumberUse:
        """Raises PoolNotFound, MaskedNumberAlreadyAssigned, MaskedNumberLimitReached."""
        pool, phone_number = await self._directory.by_name(name), command.number.phone_number
        await self._run_with_claim(pool, {phone_number: "masked_number"}, command)
        return await self._use(pool, phone_number)

    async def change_number(self, name: str, command: ChangeMaskedNumber) -> NumberUse:
        """Raises PoolNotFound, MaskedNumberNotFound."""
        pool = await self._directory.by_name(name)
        await pool.executor.run(command)
        return await self._use(pool, command.masked_number)

    async def remove_number(self, name: str, command: RemoveMaskedNumber) -> NumberUse:
        """Raises PoolNotFound, MaskedNumberNotFound, MaskedNumberInUse."""
        pool = await self._directory.by_name(name)
        await pool.executor.run(command)
        use = await self._use(pool, command.masked_number)
        if use.number.state is NumberState.REMOVED:
            await self._index.release_number(name, command.masked_number)
        return use

    async def get_number(self, name: str, masked_number: str) -> NumberUse:
        """Raises PoolNotFound, MaskedNumberNotFound."""
        use = await self._use(await self._directory.by_name(name), masked_number)
        if use.number.state is NumberState.REMOVED:
            raise MaskedNumberNotFound
        return use

    async def numbers(self, name: str, after: str, limit: int) -> list[NumberUse]:
        """The first numbers behind `after`, sorted by their digits. Raises PoolNotFound."""
        pool = await self._directory.by_name(name)
        numbers = sorted((await pool.executor.reload()).numbers, key=_phone_number)
        numbers = [number for number in numbers if number.phone_number > after][:limit]
        live = await pool.store.live_counts([number.phone_number for number in numbers])
        return [NumberUse(number, live.get(number.phone_number, 0)) for number in numbers]

    async def compare(self, name: str) -> NumberDifferences:
        """Raises PoolNotFound, CarrierCredentialsRejected, MessagingUnavailable."""
        pool = await self.get(name)
        account = await self._messaging.account_numbers()
        owned = {number.phone_number for number in account}
        disabled = {number.phone_number for number in account if not number.may_text}
        unused = sorted(owned - set(pool.masked_numbers))
        return NumberDifferences(
            not_at_carrier=[number for number in pool.masked_numbers if number not in owned],
            without_messaging=[number for number in pool.masked_numbers if number in disabled],
            in_no_pool=[number for number in unused if await self._index.owner(number) is None],
        )

    async def capacity(self, name: str) -> CapacityReport:
        """Raises PoolNotFound."""
        pool = await self._directory.by_name(name)
        live, max_held = await pool.store.live(), await pool.store.max_held()
        history = [(sample.time, sample.max_held) for sample in await pool.samples.all()]
        current = await pool.executor.reload()
        return capacity_report(current, live, max_held, history, self._clock.now())

    async def _use(self, pool: PoolContext, phone_number: str) -> NumberUse:
        removed = MaskedNumber(phone_number, NumberState.REMOVED)
        number = (await pool.executor.reload()).number(phone_number) or removed
        live = await pool.store.live_counts([phone_number])
        return NumberUse(number, live.get(phone_number, 0))

    async def _run_with_claim(
        self, pool: PoolContext, fields: Mapping[str, str], command: Command
    ) -> None:
        """`fields`: the numbers to claim, each with its field of the request."""
        claimed = list(fields)
        taken = await self._index.claim_numbers(pool.name, claimed)
        if taken and not await self._is_repeated(pool, command):
            raise MaskedNumberAlreadyAssigned(fields[claimed[taken.position]], taken.pool)
        try:
            await pool.executor.run(command)
        except ConversationError:
            await self._release_unused(pool, claimed)
            raise
        await self._release_unused(pool, claimed)

    async def _is_repeated(self, pool: PoolContext, command: Command) -> bool:
        """Then its numbers may have been removed since, and belong to another pool."""
        await pool.executor.reload()
        return await pool.executor.is_known(command)

    async def _release_unused(self, pool: PoolContext, claimed: Sequence[str]) -> None:
        current = await pool.executor.reload()
        for number in claimed:
            if current.number(number) is None:
                await self._index.release_number(pool.name, number)


def _phone_number(number: MaskedNumber) -> str:
    return number.phone_number
