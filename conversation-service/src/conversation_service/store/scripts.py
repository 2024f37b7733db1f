"""Lua scripts, known by their file name."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

Argument = str | bytes | int


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a script."""

    keys: Sequence[str]
    arguments: Sequence[Argument]


class Scripts:
    """Runs scripts by name, many in one round trip, loading them again if Redis forgot them."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        lua = (path for path in files(__package__).joinpath("lua").iterdir())
        self._sources = {path.name.removesuffix(".lua"): path.read_text() for path in lua}
        # Redis names scripts by SHA-1; nothing is protected by it.
        self._names = {
            name: sha1(source.encode(), usedforsecurity=False).hexdigest()
            for name, source in self._sources.items()
        }

    async def run(self, name: str, call: Call) -> list[Any]:
        """Runs a script once; raises what Redis answered if that is an error."""
        [answer] = await self.run_each(name, [call])
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def run_each(self, name: str, calls: Sequence[Call]) -> list[list[Any] | Exception]:
        """Runs a script for each call, in order, in one round trip; errors come as answers."""
        answers = await self._pipelined(name, calls)
        missing = [at for at, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if missing:
            await self._redis.script_load(self._sources[name])
            # From the first one missing on, so that nothing overtakes: repeats are harmless.
            answers[missing[0] :] = await self._pipelined(name, calls[missing[0] :])
        return answers

    async def _pipelined(self, name: str, calls: Sequence[Call]) -> list[list[Any] | Exception]:
        pipeline = self._redis.pipeline(transaction=False)
        for call in calls:
            pipeline.evalsha(self._names[name], len(call.keys), *call.keys, *call.arguments)
        return list(await pipeline.execute(raise_on_error=False))
