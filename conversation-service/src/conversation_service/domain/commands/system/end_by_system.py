"""A conversation ends although nobody in it asked for that."""

from dataclasses import dataclass

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.ending import end
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import Pool


@dataclass(frozen=True, slots=True)
class EndConversationBySystem:
    """Ends a conversation, if it is live: a participant opted out elsewhere, or it is of a restored
    copy, in which its number may belong to other people since."""

    conversation_id: str
    etag: str
    reason: EndReason
    # The participant who opted out, if that is why: the others are notified, they are not.
    opted_out: Person | None = None

    @property
    def idempotency_key(self) -> IdempotencyKey:
        """Once per conversation and etag."""
        return IdempotencyKey("system-end", f"{self.conversation_id} {self.etag}", ())

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet(conversation_id=self.conversation_id)

    def decide(self, snapshot: Snapshot) -> Change:
        """Notifies the participants neutrally."""
        conversation = snapshot.conversation
        if conversation is None or not conversation.is_live:
            return Change()
        farewell = () if self.opted_out else None
        return end(snapshot, conversation, self.reason, self.opted_out, farewell)
