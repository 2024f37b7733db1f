"""Which pools there are, and which of them owns a masked number."""

from collections.abc import Sequence
from typing import cast

from redis.asyncio import Redis

from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.keyspace.keys import DeploymentKeys
from runtime.redis.scripts import RedisScripts, raised


class PoolIndex:
    """What spans the pools: their names, and each number's one owner."""

    def __init__(self, redis: Redis, vault: Cipher) -> None:
        self._redis = redis
        self._vault = vault
        self._keys = DeploymentKeys()
        self._scripts = RedisScripts(redis, "conversation_service.store")

    async def pools(self) -> list[str]:
        """The names of all pools, sorted."""
        found = cast("set[bytes]", await self._redis.smembers(self._keys.pools))
        return sorted(name.decode() for name in found)

    async def enter(self, pool: str) -> None:
        """From now on the pool is known to every replica."""
        await self._redis.sadd(self._keys.pools, pool)

    async def owner(self, masked_number: str) -> str | None:
        """The pool that owns a number."""
        found = await self._redis.hget(self._keys.numbers, self._number(masked_number))
        return found.decode() if isinstance(found, bytes) else None

    async def claim(self, pool: str, masked_numbers: Sequence[str]) -> bool:
        """Makes a pool the owner of numbers, all of them or, if another has one, none."""
        if not masked_numbers:
            return True
        numbers = [self._number(number) for number in masked_numbers]
        call = self._scripts.call("claim", (self._keys.numbers,), (pool, *numbers))
        [reply] = raised(await self._scripts.run([call]))
        return cast("list[bytes]", reply)[0] == b"claimed"

    async def release(self, pool: str, masked_number: str) -> None:
        """Gives a number up, if it is this pool's."""
        call = self._scripts.call(
            "disown", (self._keys.numbers,), (pool, self._number(masked_number))
        )
        raised(await self._scripts.run([call]))

    def _number(self, masked_number: str) -> str:
        return self._vault.blind("number", masked_number)
