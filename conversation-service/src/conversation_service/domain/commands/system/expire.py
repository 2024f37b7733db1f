"""What internal clients ask for, in conversations that are there; and what time does to them."""

from dataclasses import dataclass

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.ending import end
from conversation_service.domain.commands.core.lifecycle import (
    warned,
)
from conversation_service.domain.commands.core.replies import transition
from conversation_service.domain.commands.core.snapshot import (
    ReadSet,
    Snapshot,
)
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.templates.catalog import Template


@dataclass(frozen=True, slots=True)
class ExpireConversation:
    """Time warns of an end, or ends a conversation that is overdue."""

    conversation_id: str
    etag: str

    @property
    def receipt(self) -> IdempotencyKey:
        """Once for each state that became overdue."""
        return IdempotencyKey("expire", f"{self.conversation_id} {self.etag}", ())

    def lookup(self, pool: Pool) -> ReadSet:
        """The conversation."""
        return ReadSet(conversation_id=self.conversation_id)

    def decide(self, facts: Snapshot) -> Change:
        """Nothing, if it has moved on since it was seen to be overdue."""
        conversation = facts.conversation
        if conversation is None or not conversation.is_live or conversation.due_time > facts.now:
            return Change()
        if not conversation.has_expired(facts.now):
            return _warn(facts, conversation)
        return end(facts, conversation, _expiry(conversation))


def _warn(facts: Snapshot, conversation: Conversation) -> Change:
    """One text to both before an end that time brings."""
    reason, end_time = _expiry(conversation), conversation.next_end_time
    by_idling = reason is EndReason.IDLE_EXPIRED
    template = Template.IDLE_WARNING if by_idling else Template.LIFETIME_WARNING
    left = end_time - facts.now if end_time else facts.pool.settings.warning_lead
    said = [facts.says(one, template, span=left) for one in conversation.participants]
    name = conversation.conversation_id
    event = Event(EventType.EXPIRY_WARNED, name, detail=reason.value)
    return transition(facts, conversation, warned(facts, conversation), said, [event])


def _expiry(conversation: Conversation) -> EndReason:
    if conversation.state is State.WAITING:
        return EndReason.CODE_EXPIRED
    by_idling = conversation.next_end_time == conversation.idle_end_time
    return EndReason.IDLE_EXPIRED if by_idling else EndReason.LIFETIME_EXPIRED
