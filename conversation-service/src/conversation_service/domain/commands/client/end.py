"""A client ends a conversation."""

from dataclasses import dataclass, field

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey, check_etag
from conversation_service.domain.commands.core.ending import end
from conversation_service.domain.commands.core.snapshot import (
    ReadSet,
    Snapshot,
    live_conversation,
    participant_of,
)
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.pool import Pool


@dataclass(frozen=True, slots=True)
class EndConversation:
    """Ends a conversation for a participant, or as the operator. The note is shown to operators.

    With an etag, only if the conversation still has it.
    """

    request_id: str
    conversation_id: str
    participant_id: str = ""
    note: str = field(default="", repr=False)
    etag: str = ""

    @property
    def idempotency_key(self) -> IdempotencyKey:
        fields = (self.conversation_id, self.participant_id, self.note, self.etag)
        return IdempotencyKey("end", self.request_id, fields)

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet(conversation_id=self.conversation_id)

    def decide(self, snapshot: Snapshot) -> Change:
        """Ends it and notifies everybody in it."""
        conversation = live_conversation(snapshot, self.conversation_id)
        check_etag(self.etag, conversation.etag)
        if not self.participant_id:
            return end(snapshot, conversation, EndReason.CLIENT, note=self.note)
        leaver = participant_of(conversation, self.participant_id)
        return end(snapshot, conversation, EndReason.PARTICIPANT_ENDED, leaver, note=self.note)
