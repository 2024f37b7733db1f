"""Removing all about a person, in the whole deployment."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from conversation_service.application import queries
from conversation_service.application.opt_outs import OptOuts
from conversation_service.application.pools import PoolContext, PoolDirectory
from conversation_service.domain.errors import CommitContention, ErasureNotFound, RequestIdReused
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

# Each one more means that a call was under way when the last one looked: nobody has five.
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class ErasedCounts:
    """What one look at a pool found there, and what went."""

    found: int
    conversations: int
    texts: int


class ErasureService:
    """Opts a person out and removes what is stored about them. All of it may be repeated.

    What stays is the opt-out, so that nobody texts them again by mistake, and whom they must not
    meet: both by a keyed hash.
    """

    def __init__(
        self,
        directory: PoolDirectory,
        opt_outs: OptOuts,
        suppression: SuppressionList,
        people: PersonIds,
        erasing_of: Callable[[str], PersonDataEraser],
        erasure_log: ErasureLog,
        clock: Clock,
    ) -> None:
        """`erasing_of` gives what removes a person from a pool, by the pool's name."""
        self._directory = directory
        self._opt_outs = opt_outs
        self._suppression = suppression
        self._people = people
        self._erasing_of = erasing_of
        self._log = erasure_log
        self._clock = clock

    def id_of_text(self, carrier_message_id: str) -> str:
        """How the erasure is called that a text asks for."""
        return self._log.erasure_id(OptOutSource.TEXT, carrier_message_id)

    async def get(self, erasure_id: str) -> Erasure:
        """One that was made. Raises ErasureNotFound."""
        found = await self._log.find(erasure_id)
        if found is None:
            raise ErasureNotFound(erasure_id)
        return found.erasure

    async def on_request(self, request_id: str, phone_number: str) -> Erasure:
        """Once for each request id. Raises RequestIdReused, TooManyRaces, BackendUnavailable."""
        person_id = self._people.person_id(phone_number)
        erasure_id = self._log.erasure_id(OptOutSource.CLIENT, request_id)
        fingerprint = self._log.fingerprint(request_id, person_id)
        made = await self._log.find(erasure_id)
        if made is None:
            asked = OptOut(self._clock.now(), OptOutSource.CLIENT, erasure_id)
            await self._suppression.add(person_id, asked)
            made = await self._erased(erasure_id, fingerprint, person_id)
        if made.fingerprint != fingerprint:
            raise RequestIdReused(request_id)
        return made.erasure

    async def on_text(self, person_id: str, erasure_id: str) -> None:
        """Once for each text, however often it is handed in. Raises as `on_request` does.

        The text itself has opted the person out. Who opted in again since, before this came or
        what a crash left undone was taken up, keeps what they have begun.
        """
        if await self._log.find(erasure_id) is None:
            await self._erased(erasure_id, "", person_id)

    async def _erased(self, erasure_id: str, fingerprint: str, person_id: str) -> RecordedErasure:
        conversations, texts = await self._remove(person_id)
        await self._suppression.disconnect(person_id, erasure_id)
        erasure = Erasure(erasure_id, self._clock.now(), conversations, texts)
        await self._log.add(erasure, fingerprint)
        log.info("person_erased", erasure_id=erasure_id)
        return await self._log.find(erasure_id) or RecordedErasure(erasure, fingerprint)

    async def _remove(self, person_id: str) -> tuple[int, int]:
        """How many conversations and texts went.

        It is looked again until nothing is found: a call that was under way when the person opted
        out may have begun a conversation, or reopened one.
        """
        conversations, texts = 0, 0
        await self._directory.refresh()
        for _ in range(ROUNDS):
            opts_in = await self._opt_outs.get(person_id) is None
            if not opts_in:
                await self._opt_outs.end_all(person_id)
            pools = self._directory.pools
            looks = [await self._remove_in(one, person_id, opts_in) for one in pools]
            conversations += sum(one.conversations for one in looks)
            texts += sum(one.texts for one in looks)
            if not any(one.found for one in looks):
                return conversations, texts
        raise CommitContention

    async def _remove_in(self, pool: PoolContext, person_id: str, opts_in: bool) -> ErasedCounts:
        """Texts first, as their conversations lead to them; so do partners, to what a pair has."""
        person = self._people.known_as(pool.name, person_id)
        erasing, known = self._erasing_of(pool.name), await _known(pool, person)
        ended = [one for one in known if not one.is_live]
        names = {one.conversation_id for one in ended}
        texts = await erasing.texts(person, names, only_theirs=opts_in)
        await erasing.pairs(person, _partners(ended, person))
        conversations = await erasing.conversations(ended, self._clock.now())
        await erasing.history(person)
        return ErasedCounts(len(ended if opts_in else known), conversations, texts)


async def _known(pool: PoolContext, person: Person) -> list[Conversation]:
    """All that is kept of a person. Of very many their history names only the latest."""
    found = await queries.of_person(pool, person)
    if len(found) < HISTORY_LENGTH:
        return found
    return [one async for one in queries.iterate(pool) if person in one.participants]


def _partners(conversations: list[Conversation], person: Person) -> list[Person]:
    found = (one.partner_of(person) for one in conversations)
    return list(dict.fromkeys(partner for partner in found if partner))
