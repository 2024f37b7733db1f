"""A client reopens an ended conversation."""

from dataclasses import dataclass, replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.contact_limits import (
    check_pair_may_meet_again,
    counted_openings,
)
from conversation_service.domain.commands.core.lifecycle import reopened
from conversation_service.domain.commands.core.number_selection import (
    check_name_is_free,
    check_none_opted_out,
    check_not_blocked_at_carrier,
    place,
    route_claims,
)
from conversation_service.domain.commands.core.replies import transition
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.errors import ConversationNotFound, ConversationNotReopenable
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.participants import Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.templates.catalog import Template


@dataclass(frozen=True, slots=True)
class ReopenConversation:
    """Makes an ended conversation active again, with the same people on the same number.

    `ended` is the conversation as it was found: people and number of a conversation never change.
    """

    request_id: str
    ended: Conversation

    @property
    def idempotency_key(self) -> IdempotencyKey:
        return IdempotencyKey("reopen", self.request_id, (self.ended.conversation_id,))

    def read_set(self, pool: Pool) -> ReadSet:
        """The conversation, its routes, its name, and whether the two may meet."""
        number, people = self.ended.masked_number, self.ended.participants
        routes = tuple(Route(number, person) for person in people)
        return ReadSet(
            routes=routes,
            carrier_blocks_on=routes,
            conversation_id=self.ended.conversation_id,
            unique_name=self.ended.unique_name,
            people=people,
            blocks_of=people[0],
            endings_of=people[0],
        )

    def decide(self, snapshot: Snapshot) -> Change:
        """Active again if its routes are unused since; notifies both."""
        before = snapshot.conversation
        if before is None:
            raise ConversationNotFound(self.ended.conversation_id)
        if not self._is_reopenable(snapshot, before):
            raise ConversationNotReopenable(before.conversation_id)
        check_name_is_free(snapshot)
        check_none_opted_out(snapshot, before.participants)
        for index, person in enumerate(before.participants):
            route = Route(before.masked_number, person)
            check_not_blocked_at_carrier(snapshot, route, place(index))
        first, second = before.participants
        check_pair_may_meet_again(snapshot, first, second, place(0))
        openings = counted_openings(snapshot, (first, second), (place(0), place(1)))
        drafts = [
            snapshot.system_message(person, Template.REOPENED) for person in before.participants
        ]
        event = Event(EventType.CONVERSATION_REOPENED, before.conversation_id)
        return replace(
            transition(snapshot, before, reopened(snapshot, before), drafts, [event]),
            claims=route_claims(snapshot, before.masked_number, before.participants),
            requires_unblocked=(first, second),
            openings=openings,
        )

    def _is_reopenable(self, snapshot: Snapshot, before: Conversation) -> bool:
        number = snapshot.pool.number(before.masked_number)
        if before.end_time is None or len(before.participants) < 2 or number is None:
            return False
        is_in_time = snapshot.now < before.end_time + snapshot.pool.settings.lifecycle.reopen_window
        routes = (Route(before.masked_number, person) for person in before.participants)
        is_unused = all(
            snapshot.current_conversation_id(route) in ("", before.conversation_id)
            for route in routes
        )
        return (
            is_in_time
            and is_unused
            and number.accepts_new
            and snapshot.may_meet(*before.participants)
        )
