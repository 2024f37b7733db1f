"""How far lost texts have been looked for, and who looks."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from redis.asyncio import Redis

from conversation_service.store.keyspace.keys import DeploymentKeys
from conversation_service.store.keyspace.timestamps import from_ms, to_ms
from runtime.redis.scripts import Argument, RedisScripts, raised


@dataclass(frozen=True, slots=True)
class Cursor:
    """Since when texts are this deployment's to look for, and when the last look began."""

    begin_time: datetime
    look_time: datetime


class ReconciliationCursor:
    """Shared by all replicas."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._scripts = RedisScripts(redis, "conversation_service.store")
        self._keys = DeploymentKeys()

    async def progress(self, now: datetime) -> Cursor:
        """How far it got. On the first start ever there is nothing behind `now` to look for."""
        ms = to_ms(now)
        for name in ("begin", "look"):
            await self._redis.hsetnx(self._keys.recovery, name, str(ms))
        begin, look = await self._redis.hmget(self._keys.recovery, ["begin", "look"])
        return Cursor(from_ms(int(begin or ms)), from_ms(int(look or ms)))

    async def looked(self, begun: datetime) -> None:
        """Everything that was on record when this look began has been handed in."""
        await self._redis.hset(self._keys.recovery, "look", str(to_ms(begun)))

    async def take_lease(self, lasts: timedelta) -> str | None:
        """The right to look, under a token; None while another replica has it."""
        ms = lasts // timedelta(milliseconds=1)
        keys = (self._keys.recovery_lease, self._keys.recovery_fence)
        word, token = await self._run("lease", keys, ("", ms))
        return token.decode() if word == b"held" else None

    async def release_lease(self, token: str) -> None:
        """Lets another replica look at once."""
        await self._run("release", (self._keys.recovery_lease,), (token,))

    async def _run(
        self, name: str, keys: tuple[str, ...], arguments: tuple[Argument, ...]
    ) -> list[bytes]:
        [reply] = raised(await self._scripts.run([self._scripts.call(name, keys, arguments)]))
        return cast("list[bytes]", reply)
