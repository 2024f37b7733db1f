"""Looks into Redis itself."""

from collections.abc import Callable, Mapping

from model.checks.invariants import is_unreadable
from model.deployment import World

SCAN_COUNT = 1000


async def nothing_in_clear(world: World) -> None:
    """Neither numbers nor words lie in Redis, and nothing is left in an outbox."""
    keys = [key async for key in world.redis.scan_iter(count=SCAN_COUNT)]
    kinds = world.redis.pipeline(transaction=False)
    for key in keys:
        kinds.type(key)
    values = world.redis.pipeline(transaction=False)
    for key, kind in zip(keys, await kinds.execute(), strict=True):
        # A lease may have run out since it was listed.
        if kind != b"none":
            values.execute_command(*_READ[kind](key))
    is_unreadable([*keys, repr(await values.execute()).encode()])
    assert not any((await world.owed()).values())


_READ: Mapping[bytes, Callable[[bytes], tuple[str | bytes | int, ...]]] = {
    b"string": lambda key: ("GET", key),
    b"hash": lambda key: ("HGETALL", key),
    b"list": lambda key: ("LRANGE", key, 0, -1),
    b"set": lambda key: ("SMEMBERS", key),
    b"zset": lambda key: ("ZRANGE", key, 0, -1),
    b"stream": lambda key: ("XRANGE", key, "-", "+"),
}
