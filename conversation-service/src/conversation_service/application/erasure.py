"""Erasure of a person's data in the whole deployment."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from conversation_service.application import queries
from conversation_service.application.opt_outs import OptOuts
from conversation_service.application.pools import PoolContext, PoolDirectory
from conversation_service.domain.errors import ConcurrentChange, ErasureNotFound, RequestIdReused
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


@dataclass(frozen=True, slots=True)
class ErasedCounts:
    """What one pass in a pool found, and what it erased."""

    stored: int
    conversations: int
    messages: int


class ErasureService:
    """Opts a person out and erases what is stored about them. Idempotent.

    The opt-out stays, so that nobody texts them by mistake, and so do their blocks; both are stored
    under a keyed hash.
    """

    def __init__(
        self,
        directory: PoolDirectory,
        opt_outs: OptOuts,
        suppression: SuppressionList,
        people: PersonIds,
        eraser_of: Callable[[str], PersonDataEraser],
        erasure_log: ErasureLog,
        clock: Clock,
    ) -> None:
        """`eraser_of` returns the eraser of a pool by its name."""
        self._directory = directory
        self._opt_outs = opt_outs
        self._suppression = suppression
        self._people = people
        self._eraser_of = eraser_of
        self._log = erasure_log
        self._clock = clock

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
        """Erases once per request id.

        Raises RequestIdReused, ConcurrentChange, BackendUnavailable.
        """
        person_id = self._people.person_id(phone_number)
        erasure_id = self._log.erasure_id(OptOutSource.CLIENT, request_id)
        fingerprint = self._log.fingerprint(request_id, person_id)
        recorded = await self._log.find(erasure_id)
        if recorded is None:
            opt_out = OptOut(self._clock.now(), OptOutSource.CLIENT, erasure_id)
            await self._suppression.add(person_id, opt_out)
            recorded = await self._erase(erasure_id, fingerprint, person_id)
        if recorded.fingerprint != fingerprint:
            raise RequestIdReused(request_id)
        return recorded.erasure

    async def for_message(self, person_id: str, erasure_id: str) -> None:
        """Erases once per message. Raises ConcurrentChange, BackendUnavailable.

        The message itself has opted the person out. A person who has opted in again before this
        runs, or before it is repeated after a crash, keeps their new conversations.
        """
        if await self._log.find(erasure_id) is None:
            await self._erase(erasure_id, "", person_id)

    async def _erase(self, erasure_id: str, fingerprint: str, person_id: str) -> RecordedErasure:
        conversations, messages = await self._erase_in_all_pools(person_id)
        await self._suppression.disconnect(person_id, erasure_id)
        erasure = Erasure(erasure_id, self._clock.now(), conversations, messages)
        await self._log.add(erasure, fingerprint)
        log.info("person_erased", erasure_id=erasure_id)
        return await self._log.find(erasure_id) or RecordedErasure(erasure, fingerprint)

    async def _erase_in_all_pools(self, person_id: str) -> tuple[int, int]:
        """Returns the numbers of erased conversations and messages.

        Repeats until a pass finds nothing: a call that was running when the person opted out may
        have started or reopened a conversation.
        """
        conversations, messages = 0, 0
        await self._directory.refresh()
        for _ in range(MAX_PASSES):
            opts_in = await self._opt_outs.get(person_id) is None
            if not opts_in:
                await self._opt_outs.end_all(person_id)
            counts = [
                await self._erase_in(pool, person_id, opts_in) for pool in self._directory.pools
            ]
            conversations += sum(count.conversations for count in counts)
            messages += sum(count.messages for count in counts)
            if not any(count.stored for count in counts):
                return conversations, messages
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
