"""Removing all about a person, in the whole deployment."""

from collections.abc import Callable

import structlog

from conversation_service.domain.conversation import Conversation
from conversation_service.domain.erasure import Erasure
from conversation_service.domain.errors import ErasureNotFound, RequestIdReused
from conversation_service.domain.opt_outs import OptOutSource
from conversation_service.domain.phone import Person
from conversation_service.operations import queries
from conversation_service.operations.directory import Directory, OpenPool
from conversation_service.operations.opt_outs import OptOuts
from conversation_service.store.erasing import Erasing
from conversation_service.store.erasure_log import ErasureLog, Logged
from conversation_service.store.people import People
from conversation_service.store.suppression import SuppressionList
from runtime.clock import Clock

log = structlog.get_logger()


class Erasures:
    """Opts a person out and removes what is stored about them. All of it may be repeated.

    What stays is the opt-out, so that nobody texts them again by mistake, and whom they must not
    meet: both by a keyed hash.
    """

    def __init__(
        self,
        directory: Directory,
        opt_outs: OptOuts,
        suppression: SuppressionList,
        people: People,
        erasing_of: Callable[[str], Erasing],
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
        made = await self._once(erasure_id, fingerprint, person_id, OptOutSource.CLIENT)
        if made.fingerprint != fingerprint:
            raise RequestIdReused(request_id)
        return made.erasure

    async def on_text(self, person_id: str, carrier_message_id: str) -> None:
        """Once for each text, however often it is handed in. Raises as `on_request` does."""
        erasure_id = self.id_of_text(carrier_message_id)
        await self._once(erasure_id, "", person_id, OptOutSource.TEXT)

    async def _once(
        self, erasure_id: str, fingerprint: str, person_id: str, source: OptOutSource
    ) -> Logged:
        earlier = await self._log.find(erasure_id)
        if earlier is not None:
            return earlier
        erasure = await self._erase(erasure_id, person_id, source)
        await self._log.add(erasure, fingerprint)
        log.info("person_erased", erasure_id=erasure_id)
        return await self._log.find(erasure_id) or Logged(erasure, fingerprint)

    async def _erase(self, erasure_id: str, person_id: str, source: OptOutSource) -> Erasure:
        await self._opt_outs.opt_out(person_id, source, erasure_id)
        conversations, texts = 0, 0
        for pool in self._directory.pools:
            found = await self._erase_in(pool, self._people.known_as(pool.name, person_id))
            conversations, texts = conversations + found[0], texts + found[1]
        await self._suppression.disconnect(person_id, erasure_id)
        return Erasure(erasure_id, self._clock.now(), conversations, texts)

    async def _erase_in(self, pool: OpenPool, person: Person) -> tuple[int, int]:
        """How many conversations and texts went. Texts first: their conversations lead to them."""
        erasing, known = self._erasing_of(pool.name), await queries.of_person(pool, person)
        ended = [one for one in known if not one.is_live]
        texts = await erasing.texts(person, {one.conversation_id for one in ended})
        conversations = await erasing.conversations(ended, self._clock.now())
        await erasing.person(person, _partners(ended, person))
        return conversations, texts


def _partners(conversations: list[Conversation], person: Person) -> list[Person]:
    found = (one.partner_of(person) for one in conversations)
    return list(dict.fromkeys(partner for partner in found if partner))
