"""How far lost messages have been looked for, and which replica does it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from conversation_service.store.keyspace.timestamps import from_ms, to_ms
from conversation_service.store.storage import Storage, run_script


@dataclass(frozen=True, slots=True)
class Cursor:
    """The earliest message that is this deployment's, and when the last search began."""

    begin_time: datetime
    look_time: datetime


class ReconciliationCursor:
    """Shared by all replicas."""

    def __init__(self, storage: Storage) -> None:
        self._redis = storage.redis
        self._scripts = storage.scripts
        self._keys = storage.keys

    async def progress(self, now: datetime) -> Cursor:
        """The cursor; the first start of a deployment sets it to `now`."""
        ms = to_ms(now)
        for field in ("begin", "look"):
            await self._redis.hsetnx(self._keys.reconciliation, field, str(ms))
        begin, look = await self._redis.hmget(self._keys.reconciliation, ["begin", "look"])
        return Cursor(from_ms(int(begin or ms)), from_ms(int(look or ms)))

    async def advance(self, begun: datetime) -> None:
        """All messages that were on record when this search began have been handled."""
        await self._redis.hset(self._keys.reconciliation, "look", str(to_ms(begun)))

    async def restart(self, now: datetime) -> None:
        """What the carrier received before is not looked for."""
        ms = str(to_ms(now))
        await self._redis.hset(self._keys.reconciliation, mapping={"begin": ms, "look": ms})

    async def acquire_lease(self, lasts: timedelta) -> str | None:
        """The fencing token of the lease; None while another replica holds it."""
        keys = (self._keys.reconciliation_lease, self._keys.reconciliation_fence)
        arguments = ("", lasts // timedelta(milliseconds=1))
        status, token = await run_script(self._scripts, "acquire_lease", keys, arguments)
        return token.decode() if status == b"held" else None

    async def release_lease(self, token: str) -> None:
        """Lets another replica search at once."""
        await run_script(
            self._scripts, "release_lease", (self._keys.reconciliation_lease,), (token,)
        )
