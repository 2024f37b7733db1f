"""All that lies in Redis, whatever its kind, as bytes to be searched."""

from typing import cast

from redis.asyncio import Redis


async def everything(redis: Redis) -> dict[bytes, bytes]:
    """Each key with all that is behind it."""
    return {key: await _behind(redis, key) async for key in redis.scan_iter()}


async def _behind(redis: Redis, key: bytes) -> bytes:
    kind = cast("bytes", await redis.type(key)).decode()
    match kind:
        case "string":
            found: object = await redis.get(key)
        case "list":
            found = await redis.lrange(key, 0, -1)
        case "set":
            found = await redis.smembers(key)
        case "zset":
            found = await redis.zrange(key, 0, -1)
        case "hash":
            found = await redis.hgetall(key)
        case "stream":
            found = await redis.xrange(key)
        case _:
            raise AssertionError(f"{kind} is a kind of key that nothing here reads")
    return b"\n".join(_parts(found))


def _parts(found: object) -> list[bytes]:
    if isinstance(found, bytes):
        return [found]
    if isinstance(found, dict):
        return [part for pair in found.items() for one in pair for part in _parts(one)]
    if isinstance(found, list | tuple | set):
        return [part for one in found for part in _parts(one)]
    return []
