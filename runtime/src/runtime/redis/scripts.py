"""Lua scripts, called by file name, several in one round trip."""

from collections.abc import Sequence
from hashlib import sha1
from importlib.resources import files
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from runtime.tracing import tracer

Argument = str | bytes | int

Command = tuple[Argument, ...]

# An error of Redis is a reply too, so that one command's error does not hide other replies.
Reply = object


class RedisScripts:
    """The scripts in the folder `lua` of a package; loaded again if Redis lost them."""

    def __init__(self, redis: Redis, package: str) -> None:
        """`package` is the name of the package that holds the folder."""
        self._redis = redis
        lua = (path for path in files(package).joinpath("lua").iterdir())
        self._sources = {path.name.removesuffix(".lua"): path.read_text() for path in lua}
        # Redis names scripts by SHA-1; it is not used for security.
        self._digests = {
            name: sha1(source.encode(), usedforsecurity=False).hexdigest()
            for name, source in self._sources.items()
        }

    def call(self, name: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Command:
        """The command that runs a script."""
        return ("EVALSHA", self._digests[name], len(keys), *keys, *arguments)

    async def run(self, commands: Sequence[Command]) -> list[Reply]:
        """Runs commands in order, in one round trip. Each must be safe to repeat."""
        with tracer.start_as_current_span("redis_scripts", attributes={"commands": len(commands)}):
            return await self._run(commands)

    async def _run(self, commands: Sequence[Command]) -> list[Reply]:
        replies = await self._execute(commands)
        missing = (index for index, reply in enumerate(replies) if isinstance(reply, NoScriptError))
        first = next(missing, None)
        if first is not None:
            for source in self._sources.values():
                await self._redis.script_load(source)
            # All from the first missing one on, to keep their order.
            replies[first:] = await self._execute(commands[first:])
        return replies

    async def _execute(self, commands: Sequence[Command]) -> list[Reply]:
        pipeline = self._redis.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        return cast("list[Reply]", await pipeline.execute(raise_on_error=False))


def raise_first_error(replies: Sequence[Reply]) -> Sequence[Reply]:
    """The replies; raises the first one that is an error."""
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies
