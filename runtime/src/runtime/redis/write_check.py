"""Health of Redis: whether it accepts writes."""

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger()

# Long past the next check; afterwards nothing is left of a service that has gone.
KEPT_MS = 60_000


class WriteCheck:
    """Writes a tiny key: a Redis that is full or cannot save answers PING and refuses writes."""

    def __init__(self, redis: Redis, key: str) -> None:
        self._redis = redis
        self._key = key
        self._logged: str | None = None

    async def is_writable(self) -> bool:
        """Whether Redis accepts a write now; logs the change."""
        error = await self.error()
        if error != self._logged:
            self._logged = error
            if error:
                log.warning("redis_refuses_writes", error=error)
            else:
                log.info("redis_accepts_writes")
        return error is None

    async def error(self) -> str | None:
        """The type of the error of a write; None if it succeeds."""
        try:
            await self._redis.set(self._key, "1", px=KEPT_MS)
        except (RedisError, OSError) as error:
            return type(error).__name__
        return None
