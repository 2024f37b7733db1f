"""Commands and Lua scripts on their way to Redis, batched by whoever waits at the same time."""

from collections.abc import Sequence

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from messaging_service.model.errors import BackendUnavailable
from runtime.batching import Batcher, BatcherFull
from runtime.redis.scripts import Argument, Command, RedisScripts, Reply, raised

log = structlog.get_logger()


class Scripts:
    """Runs what belongs together in one round trip."""

    def __init__(self, redis: Redis) -> None:
        self._scripts = RedisScripts(redis, __package__)
        self._batches = Batcher[Sequence[Command], Sequence[Reply]](self._send)

    def call(self, name: str, key: str, *arguments: Argument) -> Command:
        """The command that runs a script on its one key."""
        return self.call_on(name, (key,), *arguments)

    def call_on(self, name: str, keys: Sequence[str], *arguments: Argument) -> Command:
        """The command that runs a script on its keys, all of one slot."""
        return self._scripts.call(name, keys, arguments)

    async def run(self, *commands: Command) -> Sequence[Reply]:
        """Runs commands in order and answers their replies. Each must bear to be repeated.

        Raises BackendUnavailable when Redis does not answer or does not take them.
        """
        try:
            return raised(await self._batches.submit(commands))
        except (RedisError, OSError, BatcherFull) as error:
            # What a driver says may hold the address, and so a password: only its kind is told.
            log.warning("ledger_failed", error=type(error).__name__)
            raise BackendUnavailable from error

    async def _send(self, batch: list[Sequence[Command]]) -> list[Sequence[Reply]]:
        replies = iter(await self._scripts.run([one for commands in batch for one in commands]))
        return [[next(replies) for _ in commands] for commands in batch]
