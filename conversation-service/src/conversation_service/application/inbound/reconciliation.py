"""Reconciliation: finds inbound messages whose callbacks were lost in the carrier's records."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client import Counter

from conversation_service.application.inbound.messages import InboundHandler
from conversation_service.application.inbound.text_parts import TextPartUnavailable
from conversation_service.application.restore_guard import IsOpen
from conversation_service.domain.errors import (
    ConversationError,
    InvalidArgument,
    MaskedNumberNotFound,
    RequestIdReused,
)
from conversation_service.domain.model.messages import InboundMessage
from conversation_service.messaging.carrier_records import CarrierRecords
from conversation_service.store.deployment.reconciliation_cursor import Cursor, ReconciliationCursor
from runtime.clock import SharedClock

log = structlog.get_logger()

# Messages appear in the records with a delay, and clocks differ.
OVERLAP = timedelta(minutes=10)

# The carrier itself repeats a callback for so long (4 times, 30 s apart), and the gateway may still
# be handling it.
RESENDS = timedelta(minutes=3)

# Idempotency records are kept for 72 hours: duplicates must be recognised with certainty.
LOOK_BACK = timedelta(hours=48)

# With pages of 1,000: what an account receives in two days at one message a second. A log line
# reports if there is more.
MAX_PAGES = 200

# As many as one call of the gateway brings, so that live callbacks get their turn between batches.
BATCH = 64

# Longer than most passes take. It is not renewed, as two passes at once are harmless; a replica
# that is killed during a pass delays the next one by this much.
LEASE = timedelta(minutes=1)

# While another replica holds the lease; if it dies, this one takes over soon after.
BUSY_DELAY = timedelta(seconds=10)

_LATEST = datetime.max.replace(tzinfo=UTC)

RECOVERED = Counter(
    "maskline_recovered_texts",
    "Inbound messages whose callbacks were lost, found in the carrier's records.",
)


class Reconciliation:
    """One pass at a time in a deployment. Messages that had arrived are recognised by their ids."""

    def __init__(
        self,
        records: CarrierRecords,
        inbound: InboundHandler,
        cursor: ReconciliationCursor,
        clock: SharedClock,
        interval: timedelta,
        is_open: IsOpen,
    ) -> None:
        self._records = records
        self._inbound = inbound
        self._cursor = cursor
        self._clock = clock
        self._interval = interval
        self._is_open = is_open
        self._min_age = min(interval, RESENDS)
        self._lease = min(interval, LEASE)
        self._busy_delay = min(interval, BUSY_DELAY)

    async def run_once(self) -> float:
        """Runs a pass if the last one, of whichever replica, is an interval ago."""
        if not (self._clock.is_synchronized() and await self._is_open()):
            return self._busy_delay.total_seconds()
        now = self._clock.now()
        progress = await self._cursor.progress(now)
        wait = progress.look_time + self._interval - now
        if wait > timedelta(0):
            return min(wait, self._interval).total_seconds()
        token = await self._cursor.acquire_lease(self._lease)
        if token is None:
            return self._busy_delay.total_seconds()
        try:
            await self._reconcile(progress, now)
        finally:
            await self._cursor.release_lease(token)
        return self._interval.total_seconds()

    async def _reconcile(self, progress: Cursor, now: datetime) -> None:
        """Moves the cursor only after success, so that a failed pass is repeated."""
        earliest = max(progress.begin_time, now - LOOK_BACK)
        messages = await self._read(max(progress.look_time - OVERLAP, earliest))
        # The carrier lists the newest first (observed), with times in hundredths of a second or
        # less exact: of two with the same time the one listed last came first.
        due = [message for message in reversed(messages) if _is_due(message, now - self._min_age)]
        due.sort(key=lambda message: message.carrier_time or _LATEST)
        batches = [due[start : start + BATCH] for start in range(0, len(due), BATCH)]
        are_complete = [await self._handle(batch) for batch in batches]
        if all(are_complete):
            await self._cursor.advance(now)

    async def _read(self, start: datetime) -> list[InboundMessage]:
        messages: list[InboundMessage] = []
        token = ""
        for _ in range(MAX_PAGES):
            page = await self._records.page(start, token)
            messages += page.texts
            token = page.next_token
            if not token:
                return messages
        log.error("recovery_incomplete", looked_at=len(messages), since=start.isoformat())
        return messages

    async def _handle(self, batch: Sequence[InboundMessage]) -> bool:
        """Whether all could be received. Those whose words cannot be fetched delay no others."""
        results = await self._inbound.handle(batch)
        for result in results:
            if isinstance(result, TextPartUnavailable):
                continue
            if isinstance(result, MaskedNumberNotFound | RequestIdReused | InvalidArgument):
                # A number of no pool, an id that arrived with another body, or one of our own
                # numbers as the sender: final in each case.
                continue
            if isinstance(result, ConversationError):
                raise result
            RECOVERED.inc(not result.is_duplicate)
        return not any(isinstance(result, TextPartUnavailable) for result in results)


def _is_due(message: InboundMessage, latest: datetime) -> bool:
    """Whether the carrier got it by then; assumed if the record has no time."""
    return message.carrier_time is None or message.carrier_time <= latest
