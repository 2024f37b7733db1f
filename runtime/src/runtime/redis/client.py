"""A connection pool to Redis with every limit said aloud."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import RedisError

from runtime.redis.credentials import RenewedConnection, RenewedContext, RenewedPassword

# Longer than any blocking read (see BLOCK_MS), shorter than a caller's patience.
SOCKET_TIMEOUT_SECONDS = 5.0

CONNECT_TIMEOUT_SECONDS = 2.0

# The longest a blocking read may wait: below the socket timeout, or it would look like a failure.
BLOCK_MS = 1_000

# One pipeline a batch and few batches in flight: more connections only queue at a single thread.
MAX_CONNECTIONS = 32

# With the pauses between them they bridge a restart of a second; a longer outage is the caller's.
RETRIES = 3


@dataclass(frozen=True, slots=True)
class RedisAccess:
    """Where Redis is, and what it asks for before it answers. Files are followed (PEM)."""

    url: SecretStr
    # Instead of one in the URL; it joins the URL's user when a connection is made.
    password: SecretStr | None = None
    # Where the password is read again for each connection, if it came from a file.
    password_file: Path | None = None
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def options(self) -> dict[str, Any]:
        """What the URL and the rest mean to redis-py. Raises UnusableFile."""
        options = dict(parse_url(self.url.get_secret_value()))
        if self.password_file is not None:
            username = cast("str | None", options.pop("username", None))
            options["credential_provider"] = RenewedPassword(username, self.password_file)
        elif self.password is not None:
            options["password"] = self.password.get_secret_value()
        if options.get("connection_class") is SSLConnection:
            options["connection_class"] = RenewedConnection
            options["renewed_context"] = RenewedContext(self.authority, self.certificate, self.key)
        return options


def open_redis(where: RedisAccess | str, *, retries: int = RETRIES) -> Redis:
    """A client. It repeats commands over a broken connection; scripts bear that.

    What must not be repeated unseen, such as reading new entries of a stream, takes no retries.
    Raises UnusableFile for a password or certificate that cannot be used to begin with.
    """
    access = where if isinstance(where, RedisAccess) else RedisAccess(SecretStr(where))
    limits: dict[str, Any] = {
        "max_connections": MAX_CONNECTIONS,
        "timeout": SOCKET_TIMEOUT_SECONDS,
        "socket_timeout": SOCKET_TIMEOUT_SECONDS,
        "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "socket_keepalive": True,
        "health_check_interval": 0,
        "retry": Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), retries),
        "protocol": 3,
        # CLIENT SETINFO: Redis 7.0 does not know it, and users here have no right to it.
        "driver_info": None,
    }
    # What the URL says wins, as redis-py has it.
    return Redis.from_pool(BlockingConnectionPool(**limits | access.options()))


async def is_reachable(redis: Redis) -> bool:
    """Whether Redis takes commands now."""
    try:
        return bool(await redis.ping())
    except (RedisError, OSError):
        return False
