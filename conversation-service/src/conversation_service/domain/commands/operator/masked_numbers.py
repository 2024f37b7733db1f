"""Operators change the masked numbers of a pool."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.commands.operator.pools import (
    NUMBERS_LIMIT,
    existing_pool,
    fingerprint,
    pool_change,
)
from conversation_service.domain.errors import (
    MaskedNumberAlreadyAssigned,
    MaskedNumberInUse,
    MaskedNumberLimitReached,
    MaskedNumberNotFound,
)
from conversation_service.domain.model.events import EventType
from conversation_service.domain.model.pool import MaskedNumber, NumberState, Pool


@dataclass(frozen=True, slots=True)
class AddMaskedNumber:
    """Adds a masked number behind the others."""

    request_id: str
    number: MaskedNumber

    @property
    def idempotency_key(self) -> IdempotencyKey:
        return IdempotencyKey("add-number", self.request_id, (fingerprint(self.number),))

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet()

    def decide(self, snapshot: Snapshot) -> Change:
        pool = existing_pool(snapshot)
        if pool.number(self.number.phone_number):
            raise MaskedNumberAlreadyAssigned("masked_number", pool.name)
        if len(pool.numbers) >= NUMBERS_LIMIT:
            raise MaskedNumberLimitReached(pool.name, NUMBERS_LIMIT)
        after = replace(pool, numbers=(*pool.numbers, self.number), is_seeded=False)
        return pool_change(snapshot, after, EventType.MASKED_NUMBER_ADDED)


@dataclass(frozen=True, slots=True)
class ChangeMaskedNumber(ABC):
    """Changes a masked number, which keeps its position."""

    kind: ClassVar[str]
    event_type: ClassVar[EventType]

    request_id: str
    masked_number: str

    @property
    def idempotency_key(self) -> IdempotencyKey:
        return IdempotencyKey(self.kind, self.request_id, (self.masked_number,))

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet()

    def decide(self, snapshot: Snapshot) -> Change:
        pool, before = existing_pool(snapshot), _number(snapshot, self.masked_number)
        after = self.changed(before)
        numbers = tuple(after if number == before else number for number in pool.numbers)
        return pool_change(
            snapshot, replace(pool, numbers=numbers, is_seeded=False), self.event_type
        )

    @abstractmethod
    def changed(self, number: MaskedNumber) -> MaskedNumber:
        """The number as it is to be."""


@dataclass(frozen=True, slots=True)
class DrainMaskedNumber(ChangeMaskedNumber):
    """Drains a masked number: it takes no new conversations, and keeps those it has."""

    kind = "drain-number"
    event_type = EventType.MASKED_NUMBER_DRAINED

    def changed(self, number: MaskedNumber) -> MaskedNumber:
        return replace(number, state=NumberState.DRAINING)


@dataclass(frozen=True, slots=True)
class ActivateMaskedNumber(ChangeMaskedNumber):
    """Lets a draining masked number take new conversations again."""

    kind = "activate-number"
    event_type = EventType.MASKED_NUMBER_ACTIVATED

    def changed(self, number: MaskedNumber) -> MaskedNumber:
        return replace(number, state=NumberState.ACTIVE)


@dataclass(frozen=True, slots=True)
class UpdateMaskedNumber(ChangeMaskedNumber):
    """Reserves a masked number for conversations that request it, or no longer."""

    kind = "update-number"
    event_type = EventType.MASKED_NUMBER_UPDATED

    is_reserved: bool

    @property
    def idempotency_key(self) -> IdempotencyKey:
        fields = (self.masked_number, str(self.is_reserved))
        return IdempotencyKey(self.kind, self.request_id, fields)

    def changed(self, number: MaskedNumber) -> MaskedNumber:
        return replace(number, is_reserved=self.is_reserved)


@dataclass(frozen=True, slots=True)
class RemoveMaskedNumber:
    """Removes a masked number without live conversations."""

    request_id: str
    masked_number: str

    @property
    def idempotency_key(self) -> IdempotencyKey:
        return IdempotencyKey("remove-number", self.request_id, (self.masked_number,))

    def read_set(self, pool: Pool) -> ReadSet:
        """The number of live conversations on each masked number."""
        return ReadSet(needs_live_counts=True)

    def decide(self, snapshot: Snapshot) -> Change:
        """The commit checks again that no conversation has begun on the number."""
        pool, number = existing_pool(snapshot), _number(snapshot, self.masked_number)
        if snapshot.live_counts.get(self.masked_number, 0):
            raise MaskedNumberInUse
        numbers = tuple(other for other in pool.numbers if other != number)
        after = replace(pool, numbers=numbers, is_seeded=False)
        removed = pool_change(snapshot, after, EventType.MASKED_NUMBER_REMOVED)
        return replace(removed, requires_no_live_on=self.masked_number)


def _number(snapshot: Snapshot, phone_number: str) -> MaskedNumber:
    number = snapshot.pool.number(phone_number)
    if number is None:
        raise MaskedNumberNotFound
    return number
