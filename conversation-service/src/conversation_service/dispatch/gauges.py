"""Shows a pool's backlog and dead letters as metrics, and expires old dead letters."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from conversation_service.dispatch import metrics
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.store.outbox.dead_letters import DeadLetters
from conversation_service.store.outbox.outbox import Outbox
from runtime.clock import SharedClock

log = structlog.get_logger()

# Prometheus scrapes every 15 s or more seldom.
PAUSE_SECONDS = 5.0


class OutboxGauges:
    """One pool's gauges. Every replica reads Redis itself, so all replicas show the same."""

    def __init__(
        self,
        pool: str,
        outbox: Outbox,
        dead: DeadLetters,
        settings: Callable[[], Awaitable[PoolSettings]],
        clock: SharedClock,
    ) -> None:
        """`settings` loads the pool's current settings."""
        self._pool = pool
        self._settings = settings
        self._outbox = outbox
        self._dead = dead
        self._clock = clock

    async def run_once(self) -> float:
        """Expires dead letters that are too old, and sets the gauges."""
        now = self._clock.now()
        if self._clock.is_synchronized():
            await self._expire(now)
        backlog = await self._outbox.backlog()
        age = (now - backlog.oldest).total_seconds() if backlog.oldest else 0.0
        metrics.OLDEST_WAITING.labels(self._pool).set(max(0.0, age))
        metrics.WAITING.labels(self._pool).set(backlog.waiting)
        metrics.DEAD_LETTERS.labels(self._pool).set(await self._dead.count())
        return PAUSE_SECONDS

    async def _expire(self, now: datetime) -> None:
        expired = await self._dead.expire(now, await self._settings())
        if expired:
            metrics.EXPIRED_DEAD_LETTERS.labels(self._pool).inc(expired)
            log.warning("dead_letters_forgotten", pool=self._pool, texts=expired)
