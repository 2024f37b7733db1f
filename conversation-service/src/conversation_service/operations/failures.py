"""Tells people that texts of theirs did not arrive."""

import asyncio
from collections.abc import Sequence

from conversation_service.domain.errors import ConversationError
from conversation_service.domain.failure import Failure
from conversation_service.domain.telling import tell
from conversation_service.operations.directory import OpenPool


class Failures:
    """One pool's. The same failure may be told again: its sender hears of it once."""

    def __init__(self, pool: OpenPool) -> None:
        self._pool = pool

    async def tell(self, failures: Sequence[Failure]) -> None:
        """Raises BackendUnavailable or TooManyRaces; then all of them may be told again.

        What is about a conversation that is forgotten is told to nobody.
        """
        if not failures:
            return
        store = self._pool.store
        found = await asyncio.gather(*(store.get(one.conversation_id) for one in failures))
        told = (tell(one, known) for one, known in zip(failures, found, strict=True) if known)
        intents = [one for one in told if one is not None]
        for result in await self._pool.executor.run_all(intents) if intents else ():
            if isinstance(result, ConversationError):
                raise result
