"""A connection pool to Redis with every limit said aloud."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import RedisError

# Longer than any blocking read (see BLOCK_MS), shorter than a caller's patience.
SOCKET_TIMEOUT_SECONDS = 5.0
CONNECT_TIMEOUT_SECONDS = 2.0
# The longest a blocking read may wait: below the socket timeout, or it would look like a failure.
BLOCK_MS = 1_000
# One pipeline a batch and few batches in flight: more connections only queue at a single thread.
MAX_CONNECTIONS = 32
# With the pauses between them they bridge a restart of a second; a longer outage is the caller's.
RETRIES = 3


def open_redis(url: str, *, retries: int = RETRIES) -> Redis:
    """A client for `url`. It repeats commands over a broken connection; scripts bear that.

    What must not be repeated unseen, such as reading new entries of a stream, takes no retries.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MAX_CONNECTIONS,
        timeout=SOCKET_TIMEOUT_SECONDS,
        socket_timeout=SOCKET_TIMEOUT_SECONDS,
        socket_connect_timeout=CONNECT_TIMEOUT_SECONDS,
        socket_keepalive=True,
        health_check_interval=0,
        retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), retries),
        protocol=3,
    )
    return Redis.from_pool(pool)


async def answers(redis: Redis) -> bool:
    """Whether Redis takes commands now."""
    try:
        return bool(await redis.ping())
    except (RedisError, OSError):
        return False
