"""Ends what has expired and forgets what was kept long enough."""

from conversation_service.domain.requests import Expire
from conversation_service.operations.executor import Executor
from conversation_service.store.store import PoolStore
from runtime.clock import Clock

# One round holds up nothing else for long; a full one is followed by the next at once.
BATCH = 256
PAUSE_SECONDS = 1.0


class Sweeper:
    """One pool's sweeper. Several may sweep the same pool: each expiry is carried out once."""

    def __init__(self, executor: Executor, store: PoolStore, clock: Clock) -> None:
        self._executor = executor
        self._store = store
        self._clock = clock

    async def run_once(self) -> float:
        """Takes the conversations that are longest overdue."""
        now = self._clock.now()
        due = await self._store.due(now, BATCH)
        live = [Expire(one.conversation_id, one.etag) for one in due if one.is_live]
        over = [one.conversation_id for one in due if not one.is_live]
        if live:
            await self._executor.run_all(live)
        if over:
            await self._store.forget(over)
        return 0.0 if len(due) == BATCH else PAUSE_SECONDS
