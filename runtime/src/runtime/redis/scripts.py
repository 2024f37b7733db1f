"""Lua scripts, known by their file name and run many in one round trip."""

from collections.abc import Sequence
from hashlib import sha1
from importlib.resources import files
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from runtime.tracing.spans import inner_span

Argument = str | bytes | int

Command = tuple[Argument, ...]

# An error of Redis comes as a reply, so that one command's does not hide its neighbours'.
Reply = object


class RedisScripts:
    """The scripts in the folder `lua` of a package, loaded again if Redis forgot them."""

    def __init__(self, redis: Redis, package: str) -> None:
        """`package` is the name of the package that holds the folder."""
        self._redis = redis
        lua = (path for path in files(package).joinpath("lua").iterdir())
        self._sources = {path.name.removesuffix(".lua"): path.read_text() for path in lua}
        # Redis names scripts by SHA-1; nothing is protected by it.
        self._names = {
            name: sha1(source.encode(), usedforsecurity=False).hexdigest()
            for name, source in self._sources.items()
        }

    def call(self, name: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Command:
        """The command that runs a script."""
        return ("EVALSHA", self._names[name], len(keys), *keys, *arguments)

    async def run(self, commands: Sequence[Command]) -> list[Reply]:
        """Runs commands in order, in one round trip. Each must bear to be repeated."""
        with inner_span("redis_scripts", commands=len(commands)):
            return await self._run(commands)

    async def _run(self, commands: Sequence[Command]) -> list[Reply]:
        replies = await self._pipelined(commands)
        forgotten = (at for at, one in enumerate(replies) if isinstance(one, NoScriptError))
        first = next(forgotten, None)
        if first is not None:
            for source in self._sources.values():
                await self._redis.script_load(source)
            # From the first one missing on, so that none overtakes another.
            replies[first:] = await self._pipelined(commands[first:])
        return replies

    async def _pipelined(self, commands: Sequence[Command]) -> list[Reply]:
        pipeline = self._redis.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        return cast("list[Reply]", await pipeline.execute(raise_on_error=False))


def raised(replies: Sequence[Reply]) -> Sequence[Reply]:
    """The replies, if none is an error; raises the first that is."""
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies
