"""Opting out of all texts of a deployment, however it becomes known."""

from conversation_service.application.pools import PoolContext, PoolDirectory
from conversation_service.domain.commands.system.end_for_opt_out import EndConversationForOptOut
from conversation_service.domain.errors import ConversationError
from conversation_service.domain.model.consent import OptOut, OptOutSource
from conversation_service.domain.model.participants import Route
from conversation_service.store.deployment.suppression_list import SuppressionList
from conversation_service.store.encryption.blind_index import PersonIds
from runtime.clock import Clock


class OptOuts:
    """Puts people on the suppression list and ends what they are in. All of it may be repeated."""

    def __init__(
        self,
        directory: PoolDirectory,
        suppression: SuppressionList,
        people: PersonIds,
        clock: Clock,
    ) -> None:
        self._directory = directory
        self._suppression = suppression
        self._people = people
        self._clock = clock

    async def opt_out(self, person_id: str, source: OptOutSource, intent_id: str) -> None:
        """From now on nothing is sent to the person; live conversations end, in all pools."""
        await self._suppression.add(person_id, OptOut(self._clock.now(), source, intent_id))
        await self.end_all(person_id)

    async def opt_in(self, person_id: str) -> None:
        """The person gets texts again. What ended stays ended."""
        await self._suppression.remove(person_id)

    async def get(self, person_id: str) -> OptOut | None:
        """A person's opt-out, if there is one."""
        return (await self._suppression.find([person_id])).get(person_id)

    async def told_by(self, person_id: str, intent_id: str) -> bool:
        """Whether this very text is why the person gets none."""
        found = await self.get(person_id)
        return found is not None and found.intent_id == intent_id

    async def end_all(self, person_id: str) -> None:
        """Ends a person's live conversations in all pools; partners are told neutrally.

        Raises TooManyRaces or BackendUnavailable when one could not be ended.
        """
        await self._directory.refresh()
        for pool in self._directory.pools:
            await self._end_in(pool, person_id)

    async def _end_in(self, pool: PoolContext, person_id: str) -> None:
        person = self._people.known_as(pool.name, person_id)
        # Another replica may have added a number, and a conversation on it.
        known = await pool.executor.reload()
        lines = [Route(number, person) for number in known.masked_numbers]
        live = [one for one in await pool.store.on_lines(lines) if one.is_live]
        ends = [EndConversationForOptOut(one.conversation_id, one.etag, person) for one in live]
        for result in await pool.executor.run_all(ends) if ends else ():
            if isinstance(result, ConversationError):
                raise result
