"""A conversation ends because an older copy of Redis was restored."""

from dataclasses import dataclass

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.ending import end
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.pool import Pool


@dataclass(frozen=True, slots=True)
class EndConversationForRestore:
    """Ends a conversation of the copy: its number may have gone to other people since."""

    conversation_id: str
    etag: str

    @property
    def idempotency_key(self) -> IdempotencyKey:
        """Once per conversation and etag."""
        return IdempotencyKey("restore", f"{self.conversation_id} {self.etag}", ())

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet(conversation_id=self.conversation_id)

    def decide(self, snapshot: Snapshot) -> Change:
        conversation = snapshot.conversation
        if conversation is None or not conversation.is_live:
            return Change()
        return end(snapshot, conversation, EndReason.RESTORED)
