"""Operators and the pools file create and change pools."""

from dataclasses import dataclass, replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey, check_etag
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.commands.operator.settings_update import (
    SettingPath,
    updated,
    value_at,
)
from conversation_service.domain.errors import (
    InvalidArgument,
    MaskedNumberLimitReached,
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
            "create-pool", self.request_id, (repr(self.settings), *map(fingerprint, self.numbers))
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
        return pool_change(snapshot, after, EventType.POOL_CREATED)


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
        return pool_change(snapshot, after, EventType.POOL_UPDATED)


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
        pool = existing_pool(snapshot)
        check_etag(self.etag, pool.version)
        settings = updated(pool.settings, self.settings, self.paths)
        _check_settings(settings)
        after = replace(pool, settings=settings, is_seeded=False)
        return pool_change(snapshot, after, EventType.POOL_UPDATED)


def pool_change(snapshot: Snapshot, after: Pool, event_type: EventType) -> Change:
    """Replaces the pool, with one event."""
    return Change(pool=replace(after, version=snapshot.change_id), events=(Event(event_type),))


def existing_pool(snapshot: Snapshot) -> Pool:
    """Raises PoolNotFound for a pool that was never created."""
    if not snapshot.pool.version:
        raise PoolNotFound(snapshot.pool.name)
    return snapshot.pool


def _check_settings(settings: PoolSettings) -> None:
    violations = settings_violations(settings)
    if violations:
        raise InvalidArgument(violations)


def fingerprint(number: MaskedNumber) -> str:
    """A masked number as a field of a command."""
    return f"{number.phone_number} {number.state} {number.is_reserved}"
