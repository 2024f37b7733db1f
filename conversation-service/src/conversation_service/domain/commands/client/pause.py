"""A client pauses and resumes a conversation."""

from dataclasses import dataclass

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.holding import relayed_draft
from conversation_service.domain.commands.core.lifecycle import paused, resumed
from conversation_service.domain.commands.core.replies import transition
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot, live_conversation
from conversation_service.domain.errors import (
    ConversationNotActive,
    ConversationNotPaused,
    ConversationPaused,
)
from conversation_service.domain.model.conversation import State
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.templates.catalog import Template


@dataclass(frozen=True, slots=True)
class PauseConversation:
    """Pauses a conversation: its messages are held or refused."""

    request_id: str
    conversation_id: str

    @property
    def idempotency_key(self) -> IdempotencyKey:
        return IdempotencyKey("pause", self.request_id, (self.conversation_id,))

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet(conversation_id=self.conversation_id)

    def decide(self, snapshot: Snapshot) -> Change:
        """Participants learn of the pause only when they text."""
        conversation = live_conversation(snapshot, self.conversation_id)
        if conversation.state is State.PAUSED:
            raise ConversationPaused(self.conversation_id)
        if conversation.state is not State.ACTIVE:
            raise ConversationNotActive(self.conversation_id)
        event = Event(EventType.CONVERSATION_PAUSED, self.conversation_id)
        return transition(snapshot, conversation, paused(snapshot, conversation), (), [event])


@dataclass(frozen=True, slots=True)
class ResumeConversation:
    """Resumes a paused conversation."""

    request_id: str
    conversation_id: str

    @property
    def idempotency_key(self) -> IdempotencyKey:
        return IdempotencyKey("resume", self.request_id, (self.conversation_id,))

    def read_set(self, pool: Pool) -> ReadSet:
        """The conversation and its held messages."""
        return ReadSet(conversation_id=self.conversation_id, held_in=self.conversation_id)

    def decide(self, snapshot: Snapshot) -> Change:
        """Notifies those who know of the pause, then relays the held messages in order."""
        conversation = live_conversation(snapshot, self.conversation_id)
        if conversation.state is not State.PAUSED:
            raise ConversationNotPaused(self.conversation_id)
        drafts = [
            snapshot.system_message(person, Template.RESUMED)
            for person, held in zip(conversation.participants, conversation.held, strict=True)
            if held
        ]
        drafts += [
            relayed_draft(
                snapshot,
                conversation,
                message.author_id,
                message.body,
                message.attachments,
                message.message_id,
            )
            for message in snapshot.held
        ]
        event = Event(EventType.CONVERSATION_RESUMED, self.conversation_id)
        return transition(snapshot, conversation, resumed(snapshot, conversation), drafts, [event])
