"""What internal clients ask for, in conversations that are there; and what time does to them."""

from dataclasses import dataclass

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.holding import relayed_draft
from conversation_service.domain.commands.core.lifecycle import (
    paused,
    resumed,
)
from conversation_service.domain.commands.core.replies import transition
from conversation_service.domain.commands.core.snapshot import (
    ReadSet,
    Snapshot,
    live_conversation,
)
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
    """A client pauses a conversation."""

    request_id: str
    conversation_id: str

    @property
    def receipt(self) -> IdempotencyKey:
        """Named by the client."""
        return IdempotencyKey("pause", self.request_id, (self.conversation_id,))

    def lookup(self, pool: Pool) -> ReadSet:
        """The conversation."""
        return ReadSet(conversation_id=self.conversation_id)

    def decide(self, facts: Snapshot) -> Change:
        """Nobody is told until they text."""
        conversation = live_conversation(facts, self.conversation_id)
        if conversation.state is not State.ACTIVE:
            raise ConversationNotActive(self.conversation_id)
        if conversation.pause_time is not None:
            raise ConversationPaused(self.conversation_id)
        event = Event(EventType.CONVERSATION_PAUSED, self.conversation_id)
        return transition(facts, conversation, paused(facts, conversation), (), [event])


@dataclass(frozen=True, slots=True)
class ResumeConversation:
    """A client lets a paused conversation go on."""

    request_id: str
    conversation_id: str

    @property
    def receipt(self) -> IdempotencyKey:
        """Named by the client."""
        return IdempotencyKey("resume", self.request_id, (self.conversation_id,))

    def lookup(self, pool: Pool) -> ReadSet:
        """The conversation and the texts it holds."""
        return ReadSet(conversation_id=self.conversation_id, held_in=self.conversation_id)

    def decide(self, facts: Snapshot) -> Change:
        """Both are told, if anybody knew of the pause; then what was held goes out in order."""
        conversation = live_conversation(facts, self.conversation_id)
        if conversation.pause_time is None:
            raise ConversationNotPaused(self.conversation_id)
        knew = [
            p
            for p, count in zip(conversation.participants, conversation.held, strict=True)
            if count
        ]
        said = [facts.says(person, Template.RESUMED) for person in knew]
        said += [
            relayed_draft(conversation, one.author_id, one.body, one.attachments)
            for one in facts.held
        ]
        event = Event(EventType.CONVERSATION_RESUMED, self.conversation_id)
        return transition(facts, conversation, resumed(facts, conversation), said, [event])
