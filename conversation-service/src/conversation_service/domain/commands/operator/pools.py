"""Operators and the pools file create and change pools."""

from dataclasses import dataclass, replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot, check_etag
from conversation_service.domain.commands.operator.settings_update import (
    SettingPath,
    updated,
    value_at,
)
from conversation_service.domain.errors import (
    InvalidArgument,
    MaskedNumberInUse,
    MaskedNumberLimitReached,
    MaskedNumberNotFound,
    PoolAlreadyExists,
    PoolNotFound,
)
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.pool import MaskedNumber, NumberState, Pool, PoolSettings
from conversation_service.domain.model.pool_validation import settings_violations

# A client that starts a conversation loads a route on every number of the pool.
NUMBERS_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class CreatePool:
    """Creates a pool; `is_seed` if the pools file asks for it."""

    request_id: str
    settings: PoolSettings
    numbers: tuple[MaskedNumber, ...]
    is_seed: bool = False

    @property
    def idempotency_key(self) -> IdempotencyKey:
        return IdempotencyKey(
            "create-pool", self.request_id, (repr(self.settings), *_fingerprints(self.numbers))
        )

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet()

    def decide(self, snapshot: Snapshot) -> Change:
        if snapshot.pool.version:
            raise PoolAlreadyExists(snapshot.pool.name)
        _check_settings(self.settings)
        if len(self.numbers) > NUMBERS_LIMIT:
            raise MaskedNumberLimitReached(snapshot.pool.name, NUMBERS_LIMIT)
        after = replace(
            snapshot.pool, settings=self.settings, numbers=self.numbers, is_seeded=self.is_seed
        )
        return _changed(snapshot, after, EventType.POOL_CREATED)


@dataclass(frozen=True, slots=True)
class ReseedPool:
    """Applies a changed pools file to a pool that nobody has changed since it was seeded.

    A number that the file no longer lists is drained, as it may be in use. `request_id` is a digest
    of what the file says.
    """

    request_id: str
    settings: PoolSettings
    numbers: tuple[MaskedNumber, ...]

    @property
    def idempotency_key(self) -> IdempotencyKey:
        return IdempotencyKey("seed", self.request_id, ())

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet()

    def decide(self, snapshot: Snapshot) -> Change:
        """An empty change if somebody has changed the pool or nothing is new."""
        pool = snapshot.pool
        listed = {number.phone_number for number in self.numbers}
        unlisted = (number for number in pool.numbers if number.phone_number not in listed)
        drained = (replace(number, state=NumberState.DRAINING) for number in unlisted)
        after = replace(pool, settings=self.settings, numbers=(*self.numbers, *drained))
        if not pool.is_seeded or after == pool:
            return Change()
        if len(after.numbers) > NUMBERS_LIMIT:
            raise MaskedNumberLimitReached(pool.name, NUMBERS_LIMIT)
        return _changed(snapshot, after, EventType.POOL_UPDATED)


@dataclass(frozen=True, slots=True)
class UpdatePool:
    """Gives what the `paths` of a pool's settings lead to the values that it has in `settings`.

    With an etag, only if the pool still has it. Whoever sends the request again may have read the
    pool anew, so the etag is no part of what is requested.
    """

    request_id: str
    settings: PoolSettings
    paths: tuple[SettingPath, ...]
    etag: str = ""

    @property
    def idempotency_key(self) -> IdempotencyKey:
        changes = (
            f"{'.'.join(path)}={value_at(self.settings, path)!r}" for path in sorted(self.paths)
        )
        return IdempotencyKey("update-pool", self.request_id, tuple(changes))

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet()

    def decide(self, snapshot: Snapshot) -> Change:
        pool = _existing(snapshot)
        check_etag(self.etag, pool.version)
        settings = updated(pool.settings, self.settings, self.paths)
        _check_settings(settings)
        after = replace(pool, settings=settings, is_seeded=False)
        return _changed(snapshot, after, EventType.POOL_UPDATED)


@dataclass(frozen=True, slots=True)
class AddMaskedNumber:
    """Adds a masked number, or makes one of the pool active again."""

    request_id: str
    number: MaskedNumber

    @property
    def idempotency_key(self) -> IdempotencyKey:
        return IdempotencyKey("add-number", self.request_id, _fingerprints((self.number,)))

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet()

    def decide(self, snapshot: Snapshot) -> Change:
        """A number of the pool keeps its position; a new one is last."""
        pool = _existing(snapshot)
        present = pool.number(self.number.phone_number)
        if present:
            kind = EventType.MASKED_NUMBER_UPDATED
            if present.state is NumberState.DRAINING:
                kind = EventType.MASKED_NUMBER_ACTIVATED
            after = _with_number(pool, self.number)
        elif len(pool.numbers) >= NUMBERS_LIMIT:
            raise MaskedNumberLimitReached(pool.name, NUMBERS_LIMIT)
        else:
            kind = EventType.MASKED_NUMBER_ADDED
            after = replace(pool, numbers=(*pool.numbers, self.number))
        return _changed(snapshot, replace(after, is_seeded=False), kind)


@dataclass(frozen=True, slots=True)
class DrainMaskedNumber:
    """Drains a masked number: it takes no new conversations, and keeps those it has."""

    request_id: str
    masked_number: str

    @property
    def idempotency_key(self) -> IdempotencyKey:
        return IdempotencyKey("drain-number", self.request_id, (self.masked_number,))

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet()

    def decide(self, snapshot: Snapshot) -> Change:
        pool, number = _existing(snapshot), _number(snapshot, self.masked_number)
        after = _with_number(pool, replace(number, state=NumberState.DRAINING))
        return _changed(snapshot, replace(after, is_seeded=False), EventType.MASKED_NUMBER_DRAINED)


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
        pool, number = _existing(snapshot), _number(snapshot, self.masked_number)
        if snapshot.live_counts.get(self.masked_number, 0):
            raise MaskedNumberInUse
        numbers = tuple(other for other in pool.numbers if other != number)
        after = replace(pool, numbers=numbers, is_seeded=False)
        removed = _changed(snapshot, after, EventType.MASKED_NUMBER_REMOVED)
        return replace(removed, requires_no_live_on=self.masked_number)


def _changed(snapshot: Snapshot, after: Pool, event_type: EventType) -> Change:
    return Change(pool=replace(after, version=snapshot.change_id), events=(Event(event_type),))


def _existing(snapshot: Snapshot) -> Pool:
    if not snapshot.pool.version:
        raise PoolNotFound(snapshot.pool.name)
    return snapshot.pool


def _number(snapshot: Snapshot, phone_number: str) -> MaskedNumber:
    number = snapshot.pool.number(phone_number)
    if number is None:
        raise MaskedNumberNotFound
    return number


def _with_number(pool: Pool, changed: MaskedNumber) -> Pool:
    numbers = (
        changed if number.phone_number == changed.phone_number else number
        for number in pool.numbers
    )
    return replace(pool, numbers=tuple(numbers))


def _check_settings(settings: PoolSettings) -> None:
    violations = settings_violations(settings)
    if violations:
        raise InvalidArgument(violations)


def _fingerprints(numbers: tuple[MaskedNumber, ...]) -> tuple[str, ...]:
    return tuple(f"{number.phone_number} {number.state} {number.is_reserved}" for number in numbers)
