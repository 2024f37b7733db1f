"""Notices that Redis is older than this deployment has seen it, and stops what would misroute."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from prometheus_client import Gauge

from conversation_service.domain.model.consent import OptOut
from conversation_service.store.deployment.epoch import Epochs, EpochStatus, Position
from conversation_service.store.deployment.state_directory import KnownConsent, StateDirectory
from conversation_service.store.deployment.suppression_list import SuppressionList

log = structlog.get_logger()

# The health check renews the finding each second, so that texts need not wait for it. What Redis
# is told within this time after it went back is at most accepted, never sent.
VALID_SECONDS = 2.0

PENDING = Gauge(
    "maskline_restore_pending",
    "1 while Redis is older than this deployment has seen it; see `maskline restore accept`.",
)

# The clocks of replicas and of Redis differ, and a text may take minutes to arrive.
MARGIN = timedelta(minutes=10)

# Whether conversations may change and texts may be sent.
IsOpen = Callable[[], Awaitable[bool]]


class RestoreGuard:
    """Compares Redis with the state directory of this replica."""

    def __init__(
        self,
        epochs: Epochs,
        directory: StateDirectory,
        suppression: SuppressionList,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._epochs = epochs
        self._directory = directory
        self._suppression = suppression
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._is_open = True
        self._valid_until: float | None = None

    @property
    def is_kept(self) -> bool:
        """Whether this replica would notice a copy that is restored while it is stopped."""
        return self._directory.is_kept

    async def is_open(self) -> bool:
        """Whether Redis was current a moment ago. Raises Redis's errors."""
        if self._valid_until is None or self._monotonic() >= self._valid_until:
            return await self.check()
        return self._is_open

    async def check(self) -> bool:
        """Whether Redis is current. Raises Redis's errors."""
        return not (await self.status()).is_behind

    async def status(self) -> EpochStatus:
        """What Redis has now. Raises Redis's errors."""
        async with self._lock:
            asked, seen = self._monotonic(), self._directory.position
            status = await self._epochs.advance(self._directory.observer, seen)
            if not status.is_behind:
                await self._save(status.position)
                if 0 < seen.epoch < status.position.epoch:
                    # A restore was accepted by another replica.
                    await self.restore_opt_outs(self.known_consents())
            self._set_open(not status.is_behind)
            self._valid_until = asked + VALID_SECONDS
            return status

    async def begin(self) -> None:
        """Begins a new epoch with what Redis has now."""
        async with self._lock:
            directory = self._directory
            status = await self._epochs.begin(directory.observer, directory.position)
            await self._save(status.position)
            self._set_open(True)

    def known_consents(self) -> list[KnownConsent]:
        """The opt-outs and opt-ins that this replica has kept outside Redis.

        All of them, as the clocks of replicas and of Redis may differ.
        """
        return self._directory.consents(None)

    async def restore_opt_outs(self, consents: list[KnownConsent]) -> int:
        """Opts out whose last word was an opt-out; returns how many were not opted out."""
        last = {consent.person_id: consent for consent in sorted(consents, key=_time_of)}
        opted_out = [consent for consent in last.values() if not consent.opts_in]
        return sum(
            [
                await self._suppression.add(consent.person_id, OptOut(consent.time, consent.source))
                for consent in opted_out
            ]
        )

    async def _save(self, position: Position) -> None:
        """A full or failing disk stops no texts; the guard then knows less after a restart."""
        try:
            await asyncio.to_thread(self._directory.save, position)
        except OSError as error:
            log.warning("state_directory_failed", error=type(error).__name__)

    def _set_open(self, is_open: bool) -> None:
        if self._is_open and not is_open:
            log.error("restore_pending")
        elif is_open and not self._is_open:
            log.info("restore_accepted")
        self._is_open = is_open
        PENDING.set(not is_open)


def _time_of(consent: KnownConsent) -> datetime:
    return consent.time
