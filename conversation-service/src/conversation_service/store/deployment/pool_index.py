"""The pools of the deployment, and which of them owns a masked number."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from conversation_service.store.people import mark_changed
from conversation_service.store.storage import Storage, run_script


class OwnedNumber(NamedTuple):
    """The first of the given numbers that another pool has."""

    position: int
    pool: str


class PoolIndex:
    """The names of all pools, and the one owner of each masked number."""

    def __init__(self, storage: Storage) -> None:
        self._redis = storage.redis
        self._cipher = storage.cipher
        self._people = storage.people
        self._scripts = storage.scripts
        self._keys = storage.keys

    async def pools(self) -> list[str]:
        """The names of all pools, sorted."""
        names = cast("set[bytes]", await self._redis.smembers(self._keys.pools))
        return sorted(name.decode() for name in names)

    async def add(self, pool: str) -> None:
        """Makes a pool known to every replica."""
        await self._redis.sadd(self._keys.pools, pool)

    async def owner(self, masked_number: str) -> str | None:
        """The pool that owns a number."""
        pool = await self._redis.hget(self._keys.numbers, self._number(masked_number))
        return pool.decode() if isinstance(pool, bytes) else None

    async def owned(self, numbers: Sequence[str]) -> set[str]:
        """The given numbers that are masked numbers of any pool."""
        if not numbers:
            return set()
        hashed = [self._number(number) for number in numbers]
        owners = await self._redis.hmget(self._keys.numbers, hashed)
        return {number for number, owner in zip(numbers, owners, strict=True) if owner}

    async def claim_numbers(self, pool: str, masked_numbers: Sequence[str]) -> OwnedNumber | None:
        """Makes a pool the owner of numbers: of all, or of none if another pool has one.

        Returns the first that another pool has.
        """
        if not masked_numbers:
            return None
        people = [self._people.person_id(number) for number in masked_numbers]
        await mark_changed(self._redis, people)
        numbers = [self._number(number) for number in masked_numbers]
        keys, arguments = (self._keys.numbers,), (pool, *numbers)
        status, *taken = await run_script(self._scripts, "claim_numbers", keys, arguments)
        if status == b"claimed":
            return None
        position, owner = taken
        return OwnedNumber(int(position), owner.decode())

    async def release_number(self, pool: str, masked_number: str) -> None:
        """Releases a number if this pool owns it."""
        keys, arguments = (self._keys.numbers,), (pool, self._number(masked_number))
        await run_script(self._scripts, "release_numbers", keys, arguments)

    def _number(self, masked_number: str) -> str:
        return self._cipher.blind_index("number", masked_number)
