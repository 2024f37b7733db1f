"""The contents of Redis."""

from collections.abc import Callable, Mapping

from model.checks.invariants import is_encrypted
from model.deployment import Deployment

SCAN_COUNT = 1000


async def nothing_in_plain_text(deployment: Deployment) -> None:
    """Redis shows neither numbers nor bodies, and the outboxes are empty."""
    keys = [key async for key in deployment.redis.scan_iter(count=SCAN_COUNT)]
    types = deployment.redis.pipeline(transaction=False)
    for key in keys:
        types.type(key)
    values = deployment.redis.pipeline(transaction=False)
    for key, kind in zip(keys, await types.execute(), strict=True):
        # A lease may have expired since the scan.
        if kind != b"none":
            values.execute_command(*_READ[kind](key))
    is_encrypted([*keys, repr(await values.execute()).encode()])
    assert not any((await deployment.outbox_sizes()).values())


_READ: Mapping[bytes, Callable[[bytes], tuple[str | bytes | int, ...]]] = {
    b"string": lambda key: ("GET", key),
    b"hash": lambda key: ("HGETALL", key),
    b"list": lambda key: ("LRANGE", key, 0, -1),
    b"set": lambda key: ("SMEMBERS", key),
    b"zset": lambda key: ("ZRANGE", key, 0, -1),
    b"stream": lambda key: ("XRANGE", key, "-", "+"),
}
