"""What has to be looked at now and then: how much is owed, and what lies among the dead letters."""

from collections.abc import Awaitable, Callable

import structlog

from conversation_service.dispatch import metrics
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.store.outbox.dead_letters import DeadLetters
from conversation_service.store.outbox.outbox import Outbox
from runtime.clock import Clock

log = structlog.get_logger()

# Prometheus asks every 15 s or more seldom.
PAUSE_SECONDS = 5.0


class OutboxGauges:
    """One pool's. Every replica looks for itself, whoever sends: all of them show the same."""

    def __init__(
        self,
        pool: str,
        outbox: Outbox,
        dead: DeadLetters,
        settings: Callable[[], Awaitable[PoolSettings]],
        clock: Clock,
    ) -> None:
        """`settings` looks the pool's up as they are now."""
        self._pool = pool
        self._settings = settings
        self._outbox = outbox
        self._dead = dead
        self._clock = clock

    async def run_once(self) -> float:
        """Forgets what nobody has cared for in time, and shows the rest."""
        now = self._clock.now()
        forgotten = await self._dead.forget_old(now, await self._settings())
        if forgotten:
            metrics.FORGOTTEN.labels(self._pool).inc(forgotten)
            log.warning("dead_letters_forgotten", pool=self._pool, texts=forgotten)
        backlog = await self._outbox.backlog()
        age = (now - backlog.oldest).total_seconds() if backlog.oldest else 0.0
        metrics.OLDEST_WAITING.labels(self._pool).set(max(0.0, age))
        metrics.WAITING.labels(self._pool).set(backlog.waiting)
        metrics.DEAD_LETTERS.labels(self._pool).set(await self._dead.count())
        return PAUSE_SECONDS
