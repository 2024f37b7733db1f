"""Pools and their masked numbers: create, change, compare with the carrier."""

from collections.abc import Mapping
from dataclasses import dataclass

from conversation_service.application.pools import PoolContext, PoolDirectory
from conversation_service.domain.commands.core.command import Command
from conversation_service.domain.commands.operator.pools import (
    AddMaskedNumber,
    CreatePool,
    DrainMaskedNumber,
    RemoveMaskedNumber,
    UpdatePool,
)
from conversation_service.domain.errors import ConversationError, MaskedNumberAlreadyAssigned
from conversation_service.domain.model.capacity import CapacityReport, capacity_report
from conversation_service.domain.model.pool import MaskedNumber, Pool, PoolSettings
from conversation_service.messaging.client import MessagingClient
from conversation_service.store.deployment.pool_index import PoolIndex
from runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class NumberDifferences:
    """Differences between a pool and the numbers of the carrier account."""

    missing_at_carrier: list[str]
    in_no_pool: list[str]
    not_messaging_enabled: list[str]


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

    async def all_pools(self) -> list[Pool]:
        """Sorted by name."""
        await self._directory.refresh()
        return [await pool.executor.reload() for pool in self._directory.pools]

    async def update(self, name: str, command: UpdatePool) -> Pool:
        """Raises PoolNotFound, EtagMismatch, InvalidArgument."""
        pool = await self._directory.by_name(name)
        await pool.executor.run(command)
        return await pool.executor.reload()

    async def add_number(self, name: str, request_id: str, number: MaskedNumber) -> Pool:
        """Raises PoolNotFound, MaskedNumberAlreadyAssigned, MaskedNumberLimitReached."""
        pool = await self._directory.by_name(name)
        await self._run_with_claim(
            pool, {number.phone_number: "masked_number"}, AddMaskedNumber(request_id, number)
        )
        return await pool.executor.reload()

    async def drain_number(self, name: str, request_id: str, masked_number: str) -> Pool:
        """Raises PoolNotFound, MaskedNumberNotFound."""
        pool = await self._directory.by_name(name)
        await pool.executor.run(DrainMaskedNumber(request_id, masked_number))
        return await pool.executor.reload()

    async def remove_number(self, name: str, request_id: str, masked_number: str) -> Pool:
        """Raises PoolNotFound, MaskedNumberNotFound, MaskedNumberInUse."""
        pool = await self._directory.by_name(name)
        await pool.executor.run(RemoveMaskedNumber(request_id, masked_number))
        changed = await pool.executor.reload()
        if changed.number(masked_number) is None:
            await self._index.release_number(name, masked_number)
        return changed

    async def live_counts(self, name: str) -> dict[str, int]:
        """The live conversations of each number. Raises PoolNotFound."""
        pool = await self._directory.by_name(name)
        return await pool.store.live_counts(pool.pool.masked_numbers)

    async def compare(self, name: str) -> NumberDifferences:
        """Raises PoolNotFound, CarrierCredentialsRejected, MessagingUnavailable."""
        pool = await self.get(name)
        account = await self._messaging.account_numbers()
        owned = {number.phone_number for number in account}
        disabled = {number.phone_number for number in account if not number.may_text}
        unused = sorted(owned - set(pool.masked_numbers))
        return NumberDifferences(
            missing_at_carrier=[number for number in pool.masked_numbers if number not in owned],
            in_no_pool=[number for number in unused if await self._index.owner(number) is None],
            not_messaging_enabled=[number for number in pool.masked_numbers if number in disabled],
        )

    async def capacity(self, name: str) -> CapacityReport:
        """Raises PoolNotFound."""
        pool = await self._directory.by_name(name)
        live, max_held = await pool.store.live(), await pool.store.max_held()
        history = [(sample.time, sample.max_held) for sample in await pool.samples.all()]
        current = await pool.executor.reload()
        return capacity_report(current, live, max_held, history, self._clock.now())

    async def _run_with_claim(
        self, pool: PoolContext, fields: Mapping[str, str], command: Command
    ) -> None:
        """`fields`: the numbers to claim, each with its field of the request."""
        claimed = list(fields)
        if taken := await self._index.claim_numbers(pool.name, claimed):
            raise MaskedNumberAlreadyAssigned(fields[claimed[taken.position]], taken.pool)
        try:
            await pool.executor.run(command)
        except ConversationError:
            current = await pool.executor.reload()
            for number in claimed:
                if current.number(number) is None:
                    await self._index.release_number(pool.name, number)
            raise
