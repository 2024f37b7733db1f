"""A conversation is warned of its expiry, or ended by it."""

from dataclasses import dataclass

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.ending import end
from conversation_service.domain.commands.core.lifecycle import warned
from conversation_service.domain.commands.core.replies import transition
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.templates.catalog import Template


@dataclass(frozen=True, slots=True)
class ExpireConversation:
    """Warns of the end of a conversation that is due, or ends it."""

    conversation_id: str
    etag: str

    @property
    def idempotency_key(self) -> IdempotencyKey:
        """Once per conversation and etag."""
        return IdempotencyKey("expire", f"{self.conversation_id} {self.etag}", ())

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet(conversation_id=self.conversation_id)

    def decide(self, snapshot: Snapshot) -> Change:
        """An empty change if the conversation is not due any more."""
        conversation = snapshot.conversation
        if conversation is None or not conversation.is_live or conversation.due_time > snapshot.now:
            return Change()
        if not conversation.has_expired(snapshot.now):
            return _warn(snapshot, conversation)
        return end(snapshot, conversation, _expiry_reason(conversation))


def _warn(snapshot: Snapshot, conversation: Conversation) -> Change:
    """Notifies both before the conversation expires."""
    reason, end_time = _expiry_reason(conversation), conversation.next_end_time
    is_idle = reason is EndReason.IDLE_EXPIRED
    template = Template.IDLE_WARNING if is_idle else Template.LIFETIME_WARNING
    lead = snapshot.pool.settings.lifecycle.expiry_warning_lead
    left = end_time - snapshot.now if end_time else lead
    drafts = [
        snapshot.system_message(person, template, span=left) for person in conversation.participants
    ]
    event = Event(EventType.CONVERSATION_EXPIRY_WARNED, conversation.conversation_id, detail=reason)
    return transition(snapshot, conversation, warned(snapshot, conversation), drafts, [event])


def _expiry_reason(conversation: Conversation) -> EndReason:
    if conversation.state is State.WAITING:
        return EndReason.CODE_EXPIRED
    is_idle = conversation.next_end_time == conversation.idle_end_time
    return EndReason.IDLE_EXPIRED if is_idle else EndReason.LIFETIME_EXPIRED
