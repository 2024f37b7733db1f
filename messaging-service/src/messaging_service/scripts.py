"""Commands and Lua scripts on their way to Redis, batched by whoever waits at the same time."""

from collections.abc import Sequence
from hashlib import sha1
from importlib.resources import files
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from messaging_service.errors import BackendUnavailable
from runtime.coalescer import Coalescer, CoalescerFull

log = structlog.get_logger()

Argument = str | bytes | int
Command = tuple[Argument, ...]
Reply = object


class Scripts:
    """Knows the scripts by their file name and runs what belongs together in one round trip."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        lua = (path for path in files(__package__).joinpath("lua").iterdir())
        self._sources = {path.name.removesuffix(".lua"): path.read_text() for path in lua}
        # Redis names scripts by SHA-1; nothing is protected by it.
        self._names = {
            name: sha1(source.encode(), usedforsecurity=False).hexdigest()
            for name, source in self._sources.items()
        }
        self._batches = Coalescer[Sequence[Command], Sequence[Reply]](self._send)

    def call(self, name: str, key: str, *arguments: Argument) -> Command:
        """The command that runs a script on its one key."""
        return ("EVALSHA", self._names[name], 1, key, *arguments)

    async def run(self, *commands: Command) -> Sequence[Reply]:
        """Runs commands in order and answers their replies. Each must bear to be repeated.

        Raises BackendUnavailable when Redis does not answer or does not take them.
        """
        try:
            return _raised(await self._batches.submit(commands))
        except (RedisError, OSError, CoalescerFull) as error:
            # What a driver says may hold the address, and so a password: only its kind is told.
            log.warning("ledger_failed", error=type(error).__name__)
            raise BackendUnavailable from error

    async def _send(self, batch: list[Sequence[Command]]) -> list[Sequence[Reply]]:
        replies = await self._pipelined([command for commands in batch for command in commands])
        ends = iter(replies)
        return [[next(ends) for _ in commands] for commands in batch]

    async def _pipelined(self, commands: Sequence[Command]) -> list[Reply]:
        replies = await self._once(commands)
        if any(isinstance(reply, NoScriptError) for reply in replies):
            await self._load()
            # All of them again, so that none overtakes another.
            replies = await self._once(commands)
        return replies

    async def _once(self, commands: Sequence[Command]) -> list[Reply]:
        pipeline = self._redis.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        return cast("list[Reply]", await pipeline.execute(raise_on_error=False))

    async def _load(self) -> None:
        for source in self._sources.values():
            await self._redis.script_load(source)


def _raised(replies: Sequence[Reply]) -> Sequence[Reply]:
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies
