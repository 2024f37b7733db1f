"""A conversation ends because a participant opted out elsewhere."""

from dataclasses import dataclass

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.ending import end
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import Pool


@dataclass(frozen=True, slots=True)
class EndConversationForOptOut:
    """Ends the conversation of a person who opted out, if it is live."""

    conversation_id: str
    etag: str
    person: Person

    @property
    def idempotency_key(self) -> IdempotencyKey:
        """Once per conversation and etag."""
        return IdempotencyKey("opt-out", f"{self.conversation_id} {self.etag}", ())

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet(conversation_id=self.conversation_id)

    def decide(self, snapshot: Snapshot) -> Change:
        """Notifies the partner neutrally; the person gets no message."""
        conversation = snapshot.conversation
        if conversation is None or not conversation.is_live:
            return Change()
        return end(snapshot, conversation, EndReason.OPTED_OUT, self.person, farewell=())
