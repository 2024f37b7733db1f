"""What internal clients ask for, in conversations that are there; and what time does to them."""

from dataclasses import dataclass, field

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import Receipt
from conversation_service.domain.commands.core.ending import end
from conversation_service.domain.commands.core.snapshot import (
    Facts,
    Lookup,
    _live,
    _participant,
)
from conversation_service.domain.model.conversation import EndReason
from conversation_service.domain.model.pool import Pool


@dataclass(frozen=True, slots=True)
class End:
    """A client ends a conversation, for a participant or as the operator, who may say why."""

    request_id: str
    conversation_id: str
    participant_id: str = ""
    note: str = field(default="", repr=False)

    @property
    def receipt(self) -> Receipt:
        """Named by the client."""
        fields = (self.conversation_id, self.participant_id, self.note)
        return Receipt("end", self.request_id, fields)

    def lookup(self, pool: Pool) -> Lookup:
        """The conversation."""
        return Lookup(conversation_id=self.conversation_id)

    def decide(self, facts: Facts) -> Change:
        """Whoever is in it is told."""
        conversation = _live(facts, self.conversation_id)
        if not self.participant_id:
            return end(facts, conversation, EndReason.OPERATOR_ENDED, note=self.note)
        leaver = _participant(conversation, self.participant_id)
        return end(facts, conversation, EndReason.PARTICIPANT_ENDED, leaver, note=self.note)
