"""Opt-outs of the whole deployment, whatever their source."""

from collections.abc import Sequence

from conversation_service.application.pools import PoolContext, PoolDirectory
from conversation_service.domain.commands.system.end_by_system import EndConversationBySystem
from conversation_service.domain.errors import ConversationError
from conversation_service.domain.model.consent import OptOut, OptOutSource, cause_of
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.participants import Route
from conversation_service.store.deployment.opt_out_requests import OptOutRequests
from conversation_service.store.deployment.suppression_list import SuppressionList
from conversation_service.store.encryption.blind_index import PersonIds
from runtime.clock import Clock


class OptOuts:
    """The suppression list, and the end of an opted-out person's conversations. Idempotent."""

    def __init__(
        self,
        directory: PoolDirectory,
        suppression: SuppressionList,
        requests: OptOutRequests,
        people: PersonIds,
        clock: Clock,
    ) -> None:
        self._directory = directory
        self._suppression = suppression
        self._requests = requests
        self._people = people
        self._clock = clock

    async def opt_out(self, person_id: str, source: OptOutSource, source_id: str) -> None:
        """Suppresses all messages to the person and ends the live conversations in all pools."""
        await self._suppression.add(
            person_id, OptOut(self._clock.now(), source, cause_of(source_id))
        )
        await self.end_all(person_id)

    async def opt_out_for_request(self, request_id: str, person_id: str) -> OptOut | None:
        """Opts a person out once for this id; returns the opt-out then in force.

        A repetition ends what the first request may have left, unless the person has opted in.
        Raises RequestIdReused.
        """
        now = self._clock.now()
        new = OptOut(now, OptOutSource.CLIENT)
        opt_out = await self._requests.change(request_id, person_id, new, now)
        if await self.get(person_id) is not None:
            await self.end_all(person_id)
        return opt_out

    async def opt_in_for_request(self, request_id: str, person_id: str) -> OptOut | None:
        """Allows messages again, once for this id: a repetition undoes no later opt-out.

        Ended conversations stay ended. Raises RequestIdReused.
        """
        return await self._requests.change(request_id, person_id, None, self._clock.now())

    async def get(self, person_id: str) -> OptOut | None:
        """The opt-out in force, if any."""
        return (await self._suppression.find([person_id])).get(person_id)

    async def is_caused_by(self, person_id: str, message_id: str) -> bool:
        """Whether the opt-out in force was requested by this message."""
        opt_out = await self.get(person_id)
        return opt_out is not None and opt_out.is_caused_by(message_id)

    async def end_all(self, person_id: str) -> None:
        """Ends live conversations in all pools; partners are notified without the reason.

        Raises ConcurrentChange or BackendUnavailable if one could not be ended.
        """
        await self._directory.refresh()
        for pool in self._directory.pools:
            await self._end_in(pool, person_id)

    async def opted_out_and_live(self, person_ids: Sequence[str]) -> list[str]:
        """Those of them who are opted out and have a live conversation in any pool."""
        opted_out = list(await self._suppression.find(person_ids))
        await self._directory.refresh()
        live = set[str]()
        for pool in self._directory.pools if opted_out else ():
            people = {
                self._people.participant_of(pool.name, person_id).participant_id: person_id
                for person_id in opted_out
            }
            live |= {people[name] for name in await pool.store.live_among(list(people))}
        return [person_id for person_id in opted_out if person_id in live]

    async def _end_in(self, pool: PoolContext, person_id: str) -> None:
        person = self._people.participant_of(pool.name, person_id)
        # Reloaded, since another replica may have added a number with a conversation on it.
        current = await pool.executor.reload()
        routes = [Route(number, person) for number in current.masked_numbers]
        commands = [
            EndConversationBySystem(
                conversation.conversation_id, conversation.etag, EndReason.OPTED_OUT, person
            )
            for conversation in await pool.store.on_routes(routes)
            if conversation.is_live
        ]
        for result in await pool.executor.run_all(commands) if commands else ():
            if isinstance(result, ConversationError):
                raise result
