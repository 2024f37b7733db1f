"""Finds marked numbers and bodies in whatever is stored, in every encoding."""

import base64
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import cast
from urllib.parse import quote

from redis.asyncio import Redis


def spellings(mark: str) -> set[bytes]:
    """The encodings of a mark that is not encrypted."""
    raw = mark.encode()
    plain = {raw, mark.encode("utf-16-le"), quote(mark).encode(), raw[::-1]}
    escaped = {json.dumps(mark)[1:-1].encode(), repr(mark)[1:-1].encode()}
    return plain | escaped | {raw.hex().encode(), raw.hex().upper().encode()} | set(_base64(raw))


def _base64(raw: bytes) -> Iterator[bytes]:
    """The part that does not depend on the bytes around it, for each alignment."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for start in range(3):
            encoded = encode(bytes(start) + raw)
            first, last = -(-start * 8 // 6), (start + len(raw)) * 8 // 6
            yield encoded[first:last]


def found(marks: Iterable[str], stored: bytes) -> set[str]:
    """The marks that a reader would find."""
    return {mark for mark in marks if any(one in stored for one in spellings(mark))}


async def everything(redis: Redis) -> AsyncIterator[tuple[str, bytes]]:
    """The type and the bytes of every key of Redis, with its value."""
    for key in [key async for key in redis.scan_iter(count=1000)]:
        kind = cast("bytes", await redis.type(key)).decode()
        # A lease may have expired since the scan.
        if kind != "none":
            yield kind, key + b" " + b" ".join(_flat(await _READ[kind](redis, key)))


def _flat(value: object) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        yield from _flat(list(value.items()))
    elif isinstance(value, list | tuple | set):
        for one in value:
            yield from _flat(one)
    else:
        yield str(value).encode()


_READ = {
    "string": lambda redis, key: redis.get(key),
    "hash": lambda redis, key: redis.hgetall(key),
    "list": lambda redis, key: redis.lrange(key, 0, -1),
    "set": lambda redis, key: redis.smembers(key),
    "zset": lambda redis, key: redis.zrange(key, 0, -1, withscores=True),
    "stream": lambda redis, key: redis.xrange(key),
}
