"""What internal clients ask for, in conversations that are there; and what time does to them."""

from dataclasses import dataclass, replace

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.lifecycle import (
    reopened,
)
from conversation_service.domain.commands.core.number_selection import route_claims
from conversation_service.domain.commands.core.replies import transition
from conversation_service.domain.commands.core.snapshot import (
    ReadSet,
    Snapshot,
)
from conversation_service.domain.errors import (
    ConversationNotFound,
    ConversationNotReopenable,
    ParticipantOptedOut,
    UniqueNameTaken,
)
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.participants import Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.templates.catalog import Template


@dataclass(frozen=True, slots=True)
class ReopenConversation:
    """A client takes an ending back. Who was in it, and on which number, never changes."""

    request_id: str
    ended: Conversation

    @property
    def receipt(self) -> IdempotencyKey:
        """Named by the client."""
        return IdempotencyKey("reopen", self.request_id, (self.ended.conversation_id,))

    def lookup(self, pool: Pool) -> ReadSet:
        """The conversation, its lines, its name, and whether the two may meet."""
        number, people = self.ended.masked_number, self.ended.participants
        return ReadSet(
            lines=tuple(Route(number, person) for person in people),
            conversation_id=self.ended.conversation_id,
            unique_name=self.ended.unique_name,
            people=people,
            blocks_of=people[0],
        )

    def decide(self, facts: Snapshot) -> Change:
        """Active again, if nothing has come between; both are told."""
        before = facts.conversation
        if before is None:
            raise ConversationNotFound(self.ended.conversation_id)
        if not self._may_go_on(facts, before):
            raise ConversationNotReopenable(before.conversation_id)
        if facts.named is not None:
            raise UniqueNameTaken(facts.pool.name)
        if any(person in facts.opt_outs for person in before.participants):
            raise ParticipantOptedOut
        first, second = before.participants
        said = [facts.says(person, Template.REOPENED) for person in before.participants]
        event = Event(EventType.CONVERSATION_REOPENED, before.conversation_id)
        return replace(
            transition(facts, before, reopened(facts, before), said, [event]),
            claims=route_claims(facts, before.masked_number, before.participants),
            unless_blocked=(first, second),
        )

    def _may_go_on(self, facts: Snapshot, before: Conversation) -> bool:
        number = facts.pool.number(before.masked_number)
        if before.end_time is None or len(before.participants) < 2 or number is None:
            return False
        in_time = facts.now < before.end_time + facts.pool.settings.reopen_grace
        lines = (Route(before.masked_number, person) for person in before.participants)
        untouched = all(
            facts.current_conversation_id(line) in ("", before.conversation_id) for line in lines
        )
        return in_time and untouched and number.accepts_new and facts.may_meet(*before.participants)
