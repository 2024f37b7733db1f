"""An operator accepts that an older copy of Redis was restored."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from conversation_service.application import queries
from conversation_service.application.inbound.reconciliation import LOOK_BACK, MAX_PAGES
from conversation_service.application.inbound.text_parts import TextPartReader
from conversation_service.application.pools import PoolContext, PoolDirectory
from conversation_service.application.restore_guard import MARGIN, RestoreGuard
from conversation_service.domain.commands.system.end_by_system import EndConversationBySystem
from conversation_service.domain.errors import (
    BackendUnavailable,
    ConversationError,
    MaskedNumberNotFound,
    NoRestorePending,
)
from conversation_service.domain.keywords.keywords import Keyword, Keywords, parse
from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.messages import InboundMessage, MessageState
from conversation_service.messaging.carrier_records import CarrierRecords
from conversation_service.store.deployment.reconciliation_cursor import ReconciliationCursor
from conversation_service.store.deployment.restore_requests import AcceptedRestore, RestoreRequests
from conversation_service.store.deployment.state_directory import KnownConsent
from conversation_service.store.encryption.blind_index import PersonIds
from conversation_service.store.outbox.settlement import Settlement
from runtime.clock import Clock

log = structlog.get_logger()

# One commit pipeline each, which takes Redis some milliseconds.
BATCH = 128

# Dispatchers renew no lease now; what they had lapses within three seconds.
LEASE = timedelta(seconds=30)
LEASE_TRIES = 10
LEASE_PAUSE_SECONDS = 0.5

_OPTS_OUT = (Keyword.OPT_OUT, Keyword.ERASE)
_OPTS_IN = (Keyword.OPT_IN, Keyword.START, Keyword.YES)


@dataclass(frozen=True, slots=True)
class RestoreStores:
    """What all pools share, as far as a restore concerns it."""

    requests: RestoreRequests
    cursor: ReconciliationCursor
    records: CarrierRecords
    people: PersonIds
    text_parts: TextPartReader


class RestoreAcceptance:
    """Makes an older copy of Redis safe to go on with. May be repeated after a failure."""

    def __init__(
        self, guard: RestoreGuard, directory: PoolDirectory, stores: RestoreStores, clock: Clock
    ) -> None:
        """The executors of `directory` execute although a restore is pending."""
        self._guard = guard
        self._directory = directory
        self._stores = stores
        self._clock = clock

    async def accept(self, request_id: str) -> AcceptedRestore:
        """Ends every live conversation of the copy, and drops every text that waits in it.

        Since the copy was made numbers may have gone to other people, and texts may have been sent.
        Raises NoRestorePending, BackendUnavailable, ConcurrentChange.
        """
        accepted = await self._stores.requests.find(request_id)
        status = await self._guard.status()
        if accepted is None and not status.is_behind:
            raise NoRestorePending
        if accepted is None:
            accepted = await self._accept(status.time)
            await self._stores.requests.add(request_id, accepted)
        if status.is_behind:
            await self._guard.begin()
        return accepted

    async def _accept(self, copy_time: datetime | None) -> AcceptedRestore:
        """Opt-outs first, so that nobody who opted out is told of an ending."""
        await self._directory.refresh()
        since = copy_time or self._clock.now() - LOOK_BACK
        in_records = await self._in_records(since - MARGIN)
        consents = [*in_records, *self._guard.known_consents()]
        opt_outs = await self._guard.restore_opt_outs(consents)
        dropped = [await self._drop_messages(pool) for pool in self._directory.pools]
        ended = [await self._end_all(pool) for pool in self._directory.pools]
        await self._stores.cursor.restart(self._clock.now())
        return AcceptedRestore(sum(ended), sum(dropped), opt_outs)

    async def _in_records(self, since: datetime) -> list[KnownConsent]:
        """What people asked for by text. Nothing else that they wrote can be attributed."""
        consents, token = [], ""
        for _ in range(MAX_PAGES):
            page = await self._stores.records.page(since, token)
            for start in range(0, len(page.texts), BATCH):
                batch = page.texts[start : start + BATCH]
                found = await asyncio.gather(*map(self._consent, batch))
                consents += [consent for consent in found if consent is not None]
            token = page.next_token
            if not token:
                return consents
        log.error("recovery_incomplete", looked_at=len(consents), since=since.isoformat())
        return consents

    async def _consent(self, message: InboundMessage) -> KnownConsent | None:
        try:
            pool = await self._directory.by_number(message.to_number)
        except MaskedNumberNotFound:
            return None
        kind = _kind(message, pool.pool.keywords)
        if message.text_parts and kind not in _OPTS_OUT:
            message = await self._stores.text_parts.complete(message)
            kind = _kind(message, pool.pool.keywords)
        if kind not in (*_OPTS_OUT, *_OPTS_IN):
            return None
        person_id = self._stores.people.person_id(message.from_number)
        time = message.carrier_time or self._clock.now()
        return KnownConsent(time, person_id, OptOutSource.TEXT, opts_in=kind in _OPTS_IN)

    async def _drop_messages(self, pool: PoolContext) -> int:
        """They may have been sent since, so they are unknown: sending them could double them."""
        token, dropped = await self._lease(pool), 0
        try:
            while oldest := await pool.outbox.oldest(BATCH):
                unknown = [Settlement(*ids, MessageState.UNCERTAIN) for ids in oldest]
                await pool.outbox.settle(token, unknown, self._clock.now())
                dropped += len(unknown)
        finally:
            await pool.outbox.release_lease(token)
        return dropped

    async def _lease(self, pool: PoolContext) -> str:
        for _ in range(LEASE_TRIES):
            token = await pool.outbox.acquire_lease("", LEASE)
            if token is not None:
                return token
            await asyncio.sleep(LEASE_PAUSE_SECONDS)
        raise BackendUnavailable

    async def _end_all(self, pool: PoolContext) -> int:
        live = [
            EndConversationBySystem(
                conversation.conversation_id, conversation.etag, EndReason.RESTORED
            )
            async for conversation in queries.iterate(pool)
            if conversation.is_live
        ]
        for start in range(0, len(live), BATCH):
            for result in await pool.executor.run_all(live[start : start + BATCH]):
                if isinstance(result, ConversationError):
                    raise result
        return len(live)


def _kind(message: InboundMessage, keywords: Keywords) -> Keyword:
    """Words that ask for no more texts count: nobody knows any more whom they were meant for."""
    keyword = parse(message.body, keywords)
    return Keyword.OPT_OUT if keyword.requests_opt_out else keyword.kind
