"""What internal clients ask for, in conversations that are there; and what time does to them."""

from dataclasses import dataclass

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.ending import end
from conversation_service.domain.commands.core.snapshot import (
    ReadSet,
    Snapshot,
)
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import Pool


@dataclass(frozen=True, slots=True)
class EndConversationForOptOut:
    """A person has opted out: their conversation ends, if it is live."""

    conversation_id: str
    etag: str
    person: Person

    @property
    def receipt(self) -> IdempotencyKey:
        """Once for each state that the opt-out found."""
        return IdempotencyKey("opt-out", f"{self.conversation_id} {self.etag}", ())

    def lookup(self, pool: Pool) -> ReadSet:
        """The conversation."""
        return ReadSet(conversation_id=self.conversation_id)

    def decide(self, facts: Snapshot) -> Change:
        """The partner is told neutrally, the person nothing."""
        conversation = facts.conversation
        if conversation is None or not conversation.is_live:
            return Change()
        return end(facts, conversation, EndReason.OPTED_OUT, self.person, farewell=())
