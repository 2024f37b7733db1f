"""Runs commands and Lua scripts. Concurrent callers share one round trip."""

from collections.abc import Sequence

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from messaging_service.model.errors import BackendUnavailable
from runtime.batching import Batcher, BatcherFull
from runtime.redis.scripts import Argument, Command, RedisScripts, Reply, raise_first_error

log = structlog.get_logger()


class Scripts:
    """The scripts of this package."""

    def __init__(self, redis: Redis) -> None:
        self._scripts = RedisScripts(redis, __package__)
        self._batches = Batcher[Sequence[Command], Sequence[Reply]](self._send)

    def call(self, name: str, key: str, *arguments: Argument) -> Command:
        """The command that runs a script on one key."""
        return self.call_on(name, (key,), *arguments)

    def call_on(self, name: str, keys: Sequence[str], *arguments: Argument) -> Command:
        """The command that runs a script on several keys of one slot."""
        return self._scripts.call(name, keys, arguments)

    async def run(self, *commands: Command) -> Sequence[Reply]:
        """The replies of commands, run in order. Each must be idempotent, as redis-py may retry it.

        Raises BackendUnavailable if Redis does not answer or rejects a command.
        """
        try:
            return raise_first_error(await self._batches.submit(commands))
        except (RedisError, OSError, BatcherFull) as error:
            # A driver's message may contain the URL and its password: only the type is logged.
            log.warning("ledger_failed", error=type(error).__name__)
            raise BackendUnavailable from error

    async def _send(self, batch: list[Sequence[Command]]) -> list[Sequence[Reply]]:
        flat = [command for commands in batch for command in commands]
        replies = iter(await self._scripts.run(flat))
        return [[next(replies) for _ in commands] for commands in batch]
