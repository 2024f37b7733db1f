"""Erasure of a person's data in the whole deployment."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from cryptography.exceptions import InvalidTag
from redis.exceptions import RedisError

from conversation_service.application import queries
from conversation_service.application.opt_outs import OptOuts
from conversation_service.application.pools import PoolContext, PoolDirectory
from conversation_service.application.restore_guard import IsOpen
from conversation_service.domain.errors import (
    ConcurrentChange,
    ConversationError,
    ErasureNotFound,
    RequestIdReused,
    RestorePending,
)
from conversation_service.domain.model.consent import Erasure, OptOut, OptOutSource
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.participants import Person
from conversation_service.store.conversations.commit_conversation import HISTORY_LENGTH
from conversation_service.store.deployment.suppression_list import SuppressionList
from conversation_service.store.encryption.blind_index import PersonIds
from conversation_service.store.erasure.log import ErasureLog, RecordedErasure
from conversation_service.store.erasure.person_data import PersonDataEraser
from runtime.clock import Clock

log = structlog.get_logger()

# Each further pass means that a call was running during the one before it: five do not occur.
MAX_PASSES = 5

# Nearly every erasure is done by then; a caller waits no longer than for other methods.
ANSWER_WITHIN_SECONDS = 2.0

# Another replica goes on this long after a crash. Renewed with each pass over the pools.
LEASE = timedelta(seconds=60)

PENDING_PAUSE_SECONDS = 2.0

# Pending at once: far more than people ask for while one is carried out.
MAX_PENDING = 1000


@dataclass(frozen=True, slots=True)
class ErasedCounts:
    """What one pass in a pool found, and what it erased."""

    stored: int
    conversations: int
    messages: int


@dataclass(frozen=True, slots=True)
class ErasureStores:
    """What all pools share, as far as an erasure concerns it."""

    suppression: SuppressionList
    people: PersonIds
    # The eraser of a pool by its name.
    eraser_of: Callable[[str], PersonDataEraser]
    log: ErasureLog


class ErasureService:
    """Opts a person out and erases what is stored about them. Idempotent.

    The opt-out stays, so that nobody texts them by mistake, and so do their blocks; both are stored
    under a keyed hash. An erasure is recorded first, then carried out: at once if that takes a
    short time, and otherwise, or after a crash, by the loop of any replica.
    """

    def __init__(
        self,
        directory: PoolDirectory,
        opt_outs: OptOuts,
        stores: ErasureStores,
        clock: Clock,
        is_open: IsOpen,
    ) -> None:
        """Erases nothing unless `is_open`."""
        self._directory = directory
        self._opt_outs = opt_outs
        self._suppression = stores.suppression
        self._people = stores.people
        self._eraser_of = stores.eraser_of
        self._log = stores.log
        self._clock = clock
        self._is_open = is_open
        self._tasks = set[asyncio.Task[None]]()

    def id_for_message(self, received_id: str) -> str:
        """The id of the erasure that a message requests."""
        return self._log.erasure_id(OptOutSource.TEXT, received_id)

    async def get(self, erasure_id: str) -> Erasure:
        """Raises ErasureNotFound."""
        recorded = await self._log.find(erasure_id)
        if recorded is None:
            raise ErasureNotFound(erasure_id)
        return recorded.erasure

    async def for_request(self, request_id: str, phone_number: str) -> Erasure:
        """Opts the person out and erases once per request id; may return before it is complete.

        Raises RequestIdReused, RestorePending.
        """
        if not await self._is_open():
            raise RestorePending
        person_id = self._people.person_id(phone_number)
        erasure_id = self._log.erasure_id(OptOutSource.CLIENT, request_id)
        fingerprint = self._log.fingerprint(request_id, person_id)
        recorded = await self._log.find(erasure_id)
        if recorded is None:
            opt_out = OptOut(self._clock.now(), OptOutSource.CLIENT, erasure_id)
            await self._suppression.add(person_id, opt_out)
            erasure = Erasure(erasure_id, self._clock.now())
            recorded = await self._log.add(erasure, fingerprint, person_id)
        if recorded.fingerprint != fingerprint:
            raise RequestIdReused(request_id)
        await self._start(recorded)
        return await self.get(erasure_id)

    async def for_message(self, person_id: str, erasure_id: str) -> None:
        """Erases once per message; may return before it is complete.

        The message itself has opted the person out. A person who has opted in again before this
        runs, or before it is repeated after a crash, keeps their new conversations.
        """
        recorded = await self._log.find(erasure_id)
        if recorded is None:
            erasure = Erasure(erasure_id, self._clock.now())
            recorded = await self._log.add(erasure, "", person_id)
        await self._start(recorded)

    async def run_once(self) -> float:
        """Goes on with what is pending and nobody is carrying out."""
        if await self._is_open():
            for erasure_id in await self._log.pending(MAX_PENDING):
                await self._run(erasure_id)
        return PENDING_PAUSE_SECONDS

    async def _start(self, recorded: RecordedErasure) -> None:
        """Waits a short time for the end. The task goes on if the caller does not wait."""
        if recorded.erasure.complete_time is not None:
            return
        task = asyncio.create_task(self._run(recorded.erasure.erasure_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        finished, _ = await asyncio.wait([task], timeout=ANSWER_WITHIN_SECONDS)
        for task in finished:
            task.result()

    async def _run(self, erasure_id: str) -> None:
        """Carries out one erasure unless another task does. After a failure it stays pending."""
        token = secrets.token_hex(8)
        try:
            if not await self._log.acquire_lease(erasure_id, token, LEASE):
                return
            try:
                await self._carry_out(erasure_id, token)
            finally:
                await self._log.release_lease(erasure_id, token)
        except (ConversationError, RedisError, OSError, InvalidTag) as error:
            log.warning("erasure_delayed", erasure_id=erasure_id, error=type(error).__name__)

    async def _carry_out(self, erasure_id: str, token: str) -> None:
        recorded = await self._log.find(erasure_id)
        if recorded is None or not recorded.person:
            await self._log.remove_pending(erasure_id)
            return
        person_id = self._log.person_id(recorded)
        recorded = await self._erase_in_all_pools(recorded, person_id, token)
        await self._suppression.disconnect(person_id, erasure_id)
        done = replace(recorded.erasure, complete_time=self._clock.now())
        await self._log.write(recorded._replace(erasure=done), token, LEASE)
        log.info("person_erased", erasure_id=erasure_id)

    async def _erase_in_all_pools(
        self, recorded: RecordedErasure, person_id: str, token: str
    ) -> RecordedErasure:
        """Returns the erasure with the numbers of erased conversations and messages.

        Repeats until a pass finds nothing: a call that was running when the person opted out may
        have started or reopened a conversation.
        """
        await self._directory.refresh()
        for _ in range(MAX_PASSES):
            opts_in = await self._opt_outs.get(person_id) is None
            if not opts_in:
                await self._opt_outs.end_all(person_id)
            counts = [
                await self._erase_in(pool, person_id, opts_in) for pool in self._directory.pools
            ]
            erasure = recorded.erasure
            conversations = erasure.conversations + sum(count.conversations for count in counts)
            messages = erasure.messages + sum(count.messages for count in counts)
            erasure = replace(erasure, conversations=conversations, messages=messages)
            recorded = recorded._replace(erasure=erasure)
            if not any(count.stored for count in counts):
                return recorded
            await self._log.write(recorded, token, LEASE)
        raise ConcurrentChange

    async def _erase_in(self, pool: PoolContext, person_id: str, opts_in: bool) -> ErasedCounts:
        """Messages first, since they are found through their conversations; so are the pairs."""
        person = self._people.participant_of(pool.name, person_id)
        eraser, stored = self._eraser_of(pool.name), await _conversations_of(pool, person)
        ended = [conversation for conversation in stored if not conversation.is_live]
        ended_ids = {conversation.conversation_id for conversation in ended}
        messages = await eraser.texts(person, ended_ids, only_theirs=opts_in)
        await eraser.pairs(person, _partners(ended, person))
        conversations = await eraser.conversations(ended, self._clock.now())
        await eraser.history(person)
        return ErasedCounts(len(ended if opts_in else stored), conversations, messages)


async def _conversations_of(pool: PoolContext, person: Person) -> list[Conversation]:
    """Scans the whole pool if the history is full, since it lists only the latest then."""
    stored = await queries.of_person(pool, person)
    if len(stored) < HISTORY_LENGTH:
        return stored
    return [
        conversation
        async for conversation in queries.iterate(pool)
        if person in conversation.participants
    ]


def _partners(conversations: list[Conversation], person: Person) -> list[Person]:
    partners = (conversation.partner_of(person) for conversation in conversations)
    return list(dict.fromkeys(partner for partner in partners if partner))
