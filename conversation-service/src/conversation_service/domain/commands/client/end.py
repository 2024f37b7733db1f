"""What internal clients ask for, in conversations that are there; and what time does to them."""

from dataclasses import dataclass, field

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
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
    """A client ends a conversation, for a participant or as the operator, who may say why."""

    request_id: str
    conversation_id: str
    participant_id: str = ""
    note: str = field(default="", repr=False)

    @property
    def receipt(self) -> IdempotencyKey:
        """Named by the client."""
        fields = (self.conversation_id, self.participant_id, self.note)
        return IdempotencyKey("end", self.request_id, fields)

    def lookup(self, pool: Pool) -> ReadSet:
        """The conversation."""
        return ReadSet(conversation_id=self.conversation_id)

    def decide(self, facts: Snapshot) -> Change:
        """Whoever is in it is told."""
        conversation = live_conversation(facts, self.conversation_id)
        if not self.participant_id:
            return end(facts, conversation, EndReason.OPERATOR_ENDED, note=self.note)
        leaver = participant_of(conversation, self.participant_id)
        return end(facts, conversation, EndReason.PARTICIPANT_ENDED, leaver, note=self.note)
