"""What internal clients ask for, in conversations that are there; and what time does to them."""

from dataclasses import dataclass

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import Receipt
from conversation_service.domain.commands.core.holding import words_of
from conversation_service.domain.commands.core.lifecycle import (
    paused,
    resumed,
)
from conversation_service.domain.commands.core.replies import change_of
from conversation_service.domain.commands.core.snapshot import (
    Facts,
    Lookup,
    _live,
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
class Pause:
    """A client pauses a conversation."""

    request_id: str
    conversation_id: str

    @property
    def receipt(self) -> Receipt:
        """Named by the client."""
        return Receipt("pause", self.request_id, (self.conversation_id,))

    def lookup(self, pool: Pool) -> Lookup:
        """The conversation."""
        return Lookup(conversation_id=self.conversation_id)

    def decide(self, facts: Facts) -> Change:
        """Nobody is told until they text."""
        conversation = _live(facts, self.conversation_id)
        if conversation.state is not State.ACTIVE:
            raise ConversationNotActive(self.conversation_id)
        if conversation.pause_time is not None:
            raise ConversationPaused(self.conversation_id)
        event = Event(EventType.CONVERSATION_PAUSED, self.conversation_id)
        return change_of(facts, conversation, paused(facts, conversation), (), [event])


@dataclass(frozen=True, slots=True)
class Resume:
    """A client lets a paused conversation go on."""

    request_id: str
    conversation_id: str

    @property
    def receipt(self) -> Receipt:
        """Named by the client."""
        return Receipt("resume", self.request_id, (self.conversation_id,))

    def lookup(self, pool: Pool) -> Lookup:
        """The conversation and the texts it holds."""
        return Lookup(conversation_id=self.conversation_id, held_in=self.conversation_id)

    def decide(self, facts: Facts) -> Change:
        """Both are told, if anybody knew of the pause; then what was held goes out in order."""
        conversation = _live(facts, self.conversation_id)
        if conversation.pause_time is None:
            raise ConversationNotPaused(self.conversation_id)
        knew = [
            p
            for p, count in zip(conversation.participants, conversation.held, strict=True)
            if count
        ]
        said = [facts.says(person, Template.RESUMED) for person in knew]
        said += [
            words_of(conversation, one.author_id, one.body, one.attachments) for one in facts.held
        ]
        event = Event(EventType.CONVERSATION_RESUMED, self.conversation_id)
        return change_of(facts, conversation, resumed(facts, conversation), said, [event])
