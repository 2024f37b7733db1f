"""What operators change about a pool."""

from dataclasses import dataclass, replace
from typing import Any

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.errors import (
    InvalidArgument,
    NumberInUse,
    PoolExists,
    PoolFull,
    PoolNotFound,
    UnknownMaskedNumber,
)
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.pool import MaskedNumber, NumberState, Pool, PoolSettings
from conversation_service.domain.model.pool_validation import settings_violations

# Every number of a pool is looked at when a client begins a conversation.
NUMBERS_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class CreatePool:
    """A pool comes into being; `is_seed` when the pools file wants it."""

    request_id: str
    settings: PoolSettings
    numbers: tuple[MaskedNumber, ...]
    is_seed: bool = False

    @property
    def receipt(self) -> IdempotencyKey:
        """Named by the client."""
        return IdempotencyKey(
            "create-pool", self.request_id, (repr(self.settings), *_names(self.numbers))
        )

    def lookup(self, pool: Pool) -> ReadSet:
        """Nothing but the pool itself."""
        return ReadSet()

    def decide(self, facts: Snapshot) -> Change:
        """The pool as asked for."""
        if facts.pool.version:
            raise PoolExists(facts.pool.name)
        _check(self.settings)
        if len(self.numbers) > NUMBERS_LIMIT:
            raise PoolFull(facts.pool.name)
        after = replace(
            facts.pool, settings=self.settings, numbers=self.numbers, is_seeded=self.is_seed
        )
        return _changed(facts, after, EventType.POOL_CREATED)


@dataclass(frozen=True, slots=True)
class ReseedPool:
    """The pools file has changed, and nobody has changed the pool since it was seeded.

    A number that the file does not list any more is drained, as it may be in use.
    """

    request_id: str
    settings: PoolSettings
    numbers: tuple[MaskedNumber, ...]

    @property
    def receipt(self) -> IdempotencyKey:
        """Named by what the file says."""
        return IdempotencyKey("seed", self.request_id, ())

    def lookup(self, pool: Pool) -> ReadSet:
        """Nothing but the pool itself."""
        return ReadSet()

    def decide(self, facts: Snapshot) -> Change:
        """Nothing, if somebody has changed the pool or nothing is new."""
        pool = facts.pool
        listed = {number.phone_number for number in self.numbers}
        unlisted = (number for number in pool.numbers if number.phone_number not in listed)
        drained = (replace(number, state=NumberState.DRAINING) for number in unlisted)
        after = replace(pool, settings=self.settings, numbers=(*self.numbers, *drained))
        if not pool.is_seeded or after == pool:
            return Change()
        if len(after.numbers) > NUMBERS_LIMIT:
            raise PoolFull(pool.name)
        return _changed(facts, after, EventType.POOL_UPDATED)


@dataclass(frozen=True, slots=True)
class UpdatePool:
    """Settings of a pool are changed: the `fields` that are named, to what `settings` has there."""

    request_id: str
    settings: PoolSettings
    fields: tuple[str, ...]

    @property
    def receipt(self) -> IdempotencyKey:
        """Named by the client."""
        changes = (f"{name}={value!r}" for name, value in sorted(self._changes.items()))
        return IdempotencyKey("update-pool", self.request_id, tuple(changes))

    def lookup(self, pool: Pool) -> ReadSet:
        """Nothing but the pool itself."""
        return ReadSet()

    def decide(self, facts: Snapshot) -> Change:
        """The settings, if they are such as a pool may have."""
        pool = _existing(facts)
        settings = replace(pool.settings, **self._changes)
        _check(settings)
        after = replace(pool, settings=settings, is_seeded=False)
        return _changed(facts, after, EventType.POOL_UPDATED)

    @property
    def _changes(self) -> dict[str, Any]:
        return {name: getattr(self.settings, name) for name in self.fields}


@dataclass(frozen=True, slots=True)
class AddNumber:
    """A masked number is added, or one that the pool has made active again."""

    request_id: str
    number: MaskedNumber

    @property
    def receipt(self) -> IdempotencyKey:
        """Named by the client."""
        return IdempotencyKey("add-number", self.request_id, _names((self.number,)))

    def lookup(self, pool: Pool) -> ReadSet:
        """Nothing but the pool itself."""
        return ReadSet()

    def decide(self, facts: Snapshot) -> Change:
        """In its old place, or last."""
        pool = _existing(facts)
        if pool.number(self.number.phone_number):
            after = _with(pool, self.number)
        elif len(pool.numbers) >= NUMBERS_LIMIT:
            raise PoolFull(pool.name)
        else:
            after = replace(pool, numbers=(*pool.numbers, self.number))
        return _changed(facts, replace(after, is_seeded=False), EventType.NUMBER_ADDED)


@dataclass(frozen=True, slots=True)
class DrainNumber:
    """A masked number takes no new conversations any more."""

    request_id: str
    masked_number: str

    @property
    def receipt(self) -> IdempotencyKey:
        """Named by the client."""
        return IdempotencyKey("drain-number", self.request_id, (self.masked_number,))

    def lookup(self, pool: Pool) -> ReadSet:
        """Nothing but the pool itself."""
        return ReadSet()

    def decide(self, facts: Snapshot) -> Change:
        """Its conversations go on."""
        pool, number = _existing(facts), _number(facts, self.masked_number)
        after = _with(pool, replace(number, state=NumberState.DRAINING))
        return _changed(facts, replace(after, is_seeded=False), EventType.NUMBER_DRAINED)


@dataclass(frozen=True, slots=True)
class RemoveNumber:
    """A masked number that nobody uses leaves the pool."""

    request_id: str
    masked_number: str

    @property
    def receipt(self) -> IdempotencyKey:
        """Named by the client."""
        return IdempotencyKey("remove-number", self.request_id, (self.masked_number,))

    def lookup(self, pool: Pool) -> ReadSet:
        """How many conversations each number has."""
        return ReadSet(needs_loads=True)

    def decide(self, facts: Snapshot) -> Change:
        """Refused while it has live conversations; none can begin while this is committed."""
        pool, number = _existing(facts), _number(facts, self.masked_number)
        if facts.loads.get(self.masked_number, 0):
            raise NumberInUse
        numbers = tuple(one for one in pool.numbers if one != number)
        after = replace(pool, numbers=numbers, is_seeded=False)
        removed = _changed(facts, after, EventType.NUMBER_REMOVED)
        return replace(removed, unless_live_on=self.masked_number)


def _changed(facts: Snapshot, after: Pool, kind: EventType) -> Change:
    return Change(pool=replace(after, version=facts.change_id), events=(Event(kind),))


def _existing(facts: Snapshot) -> Pool:
    if not facts.pool.version:
        raise PoolNotFound(facts.pool.name)
    return facts.pool


def _number(facts: Snapshot, phone_number: str) -> MaskedNumber:
    number = facts.pool.number(phone_number)
    if number is None:
        raise UnknownMaskedNumber
    return number


def _with(pool: Pool, changed: MaskedNumber) -> Pool:
    numbers = pool.numbers
    same = changed.phone_number
    return replace(pool, numbers=tuple(changed if n.phone_number == same else n for n in numbers))


def _check(settings: PoolSettings) -> None:
    violations = settings_violations(settings)
    if violations:
        raise InvalidArgument(violations)


def _names(numbers: tuple[MaskedNumber, ...]) -> tuple[str, ...]:
    return tuple(f"{n.phone_number} {n.state} {n.is_reserved}" for n in numbers)
