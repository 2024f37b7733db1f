"""Clients of Redis with all limits set explicitly."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import RedisError

from runtime.redis.credentials import ReloadingConnection, ReloadingContext, ReloadingPassword
from runtime.redis.packing import PlainConnection

# Longer than any blocking read (BLOCK_MS), shorter than the deadlines of callers.
SOCKET_TIMEOUT_SECONDS = 5.0

CONNECT_TIMEOUT_SECONDS = 2.0

# Longest wait of a blocking read: below the socket timeout, or it would look like a failure.
BLOCK_MS = 1_000

# A batch is one pipeline and few are in flight; Redis serves all of them from one thread.
MAX_CONNECTIONS = 32

# With the delays between them they bridge a restart of a second.
RETRIES = 3


@dataclass(frozen=True, slots=True)
class RedisAccess:
    """URL, credentials and TLS files (PEM). New connections read the files again."""

    url: SecretStr
    # Instead of one in the URL; used with the user of the URL.
    password: SecretStr | None = None
    # If the password came from a file, each new connection reads it again.
    password_file: Path | None = None
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def options(self) -> dict[str, Any]:
        """The options of redis-py. Raises ConfigFileError."""
        options = dict(parse_url(self.url.get_secret_value()))
        if self.password_file is not None:
            username = cast("str | None", options.pop("username", None))
            options["credential_provider"] = ReloadingPassword(username, self.password_file)
        elif self.password is not None:
            options["password"] = self.password.get_secret_value()
        if options.get("connection_class") is SSLConnection:
            options["connection_class"] = ReloadingConnection
            options["reloading_context"] = ReloadingContext(
                self.authority, self.certificate, self.key
            )
        return options


def open_redis(access: RedisAccess | str, *, retries: int = RETRIES) -> Redis:
    """A client. It repeats commands after a broken connection, so scripts have to be idempotent.

    Use `retries=0` for commands that must not be repeated, such as reading new stream entries.
    Raises ConfigFileError if the password or certificate cannot be used.
    """
    if isinstance(access, str):
        access = RedisAccess(SecretStr(access))
    limits: dict[str, Any] = {
        "connection_class": PlainConnection,
        "max_connections": MAX_CONNECTIONS,
        "timeout": SOCKET_TIMEOUT_SECONDS,
        "socket_timeout": SOCKET_TIMEOUT_SECONDS,
        "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "socket_keepalive": True,
        "health_check_interval": 0,
        "retry": Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), retries),
        "protocol": 3,
        # No CLIENT SETINFO: Redis 7.0 does not know it, and the ACL does not allow it.
        "driver_info": None,
    }
    # Options in the URL take precedence, as in redis-py.
    return Redis.from_pool(BlockingConnectionPool(**limits | access.options()))


async def is_reachable(redis: Redis) -> bool:
    """Whether Redis responds to PING."""
    try:
        return bool(await redis.ping())
    except (RedisError, OSError):
        return False
