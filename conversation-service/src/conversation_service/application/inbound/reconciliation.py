"""Texts whose callbacks were lost: found in the carrier's records and taken in after all."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog
from prometheus_client import Counter

from conversation_service.application.executor import ExecutionResult
from conversation_service.domain.errors import (
    ConversationError,
    RequestIdReused,
    UnknownMaskedNumber,
)
from conversation_service.domain.model.messages import InboundMessage
from conversation_service.messaging.carrier_records import RecordsPage
from conversation_service.store.deployment.reconciliation_cursor import Cursor, ReconciliationCursor
from runtime.clock import Clock

log = structlog.get_logger()

# A text turns up in the records some time after it was sent, and clocks differ.
OVERLAP = timedelta(minutes=10)

# So long the carrier sends a callback again by itself (4 times, 30 s apart) and the gateway may be
# busy with it.
RESENDS = timedelta(minutes=3)

# Texts are recognised for 72 hours: what is looked at must surely be known if it has come.
LOOK_BACK = timedelta(hours=48)

# As many texts as an account may bring in two days at one a second; more are told of in the log.
PAGES = 200

# A gateway's call brings as many; the texts of callbacks that come meanwhile get their turn.
BATCH = 64

# Longer than most looks take. Two at once are harmless, so it is not renewed; whoever is killed
# while looking holds up the others for as long.
LEASE = timedelta(minutes=1)

# Another replica looks just now; if it dies, this one takes over soon after its lease.
BUSY_PAUSE = timedelta(seconds=10)

_LAST = datetime.max.replace(tzinfo=UTC)

RECOVERED = Counter(
    "maskline_recovered_texts", "Texts whose callbacks never came, found in the carrier's records."
)


class CarrierRecords(Protocol):
    """What of the messaging service a recovery needs."""

    async def page(self, start: datetime, token: str) -> RecordsPage:
        """Texts that the carrier took from `start` on. Raises MessagingUnavailable."""
        ...


class Intake(Protocol):
    """Where texts are taken in."""

    async def receive(self, inbound: Sequence[InboundMessage]) -> list[ExecutionResult]:
        """Carries out each text in its number's pool; answers in the order given."""
        ...


class Reconciliation:
    """The deployment's. One replica looks at a time; what had come is recognised by its id."""

    def __init__(
        self,
        records: CarrierRecords,
        intake: Intake,
        progress: ReconciliationCursor,
        clock: Clock,
        interval: timedelta,
    ) -> None:
        self._records = records
        self._intake = intake
        self._log = progress
        self._clock = clock
        self._interval = interval
        self._patience = min(interval, RESENDS)
        self._lease = min(interval, LEASE)
        self._busy_pause = min(interval, BUSY_PAUSE)

    async def run_once(self) -> float:
        """Looks if it is time to, whichever replica looked last."""
        now = self._clock.now()
        progress = await self._log.progress(now)
        wait = progress.look_time + self._interval - now
        if wait > timedelta(0):
            return min(wait, self._interval).total_seconds()
        token = await self._log.take_lease(self._lease)
        if token is None:
            return self._busy_pause.total_seconds()
        try:
            await self._look(progress, now)
        finally:
            await self._log.release_lease(token)
        return self._interval.total_seconds()

    async def _look(self, progress: Cursor, now: datetime) -> None:
        """What fails is looked for again from the same moment on."""
        earliest = max(progress.begin_time, now - LOOK_BACK)
        texts = await self._on_record(max(progress.look_time - OVERLAP, earliest))
        # The carrier lists the newest first (seen), and tells times in hundredths of a second or
        # worse: of two with the same time the one listed last came first.
        settled = [one for one in reversed(texts) if _is_due(one, now - self._patience)]
        settled.sort(key=lambda one: one.carrier_time or _LAST)
        for at in range(0, len(settled), BATCH):
            await self._take_in(settled[at : at + BATCH])
        await self._log.looked(now)

    async def _on_record(self, start: datetime) -> list[InboundMessage]:
        texts: list[InboundMessage] = []
        token = ""
        for _ in range(PAGES):
            page = await self._records.page(start, token)
            texts += page.texts
            token = page.next_token
            if not token:
                return texts
        log.error("recovery_incomplete", looked_at=len(texts), since=start.isoformat())
        return texts

    async def _take_in(self, batch: Sequence[InboundMessage]) -> None:
        results = await self._intake.receive(batch)
        for result in results:
            if isinstance(result, UnknownMaskedNumber | RequestIdReused):
                # A number of no pool, or a text that came with other words: either is dealt with.
                continue
            if isinstance(result, ConversationError):
                raise result
            RECOVERED.inc(not result.is_repeat)


def _is_due(text: InboundMessage, moment: datetime) -> bool:
    """Whether it was taken by then; of one whose time is not told it is not known, so it is."""
    return text.carrier_time is None or text.carrier_time <= moment
