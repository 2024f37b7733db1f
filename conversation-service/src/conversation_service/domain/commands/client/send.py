"""What internal clients ask for, in conversations that are there; and what time does to them."""

from dataclasses import dataclass, field

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.holding import hold, may_hold
from conversation_service.domain.commands.core.lifecycle import (
    message_passed,
)
from conversation_service.domain.commands.core.replies import transition
from conversation_service.domain.commands.core.snapshot import (
    Draft,
    ReadSet,
    Snapshot,
    live_conversation,
    participant_of,
)
from conversation_service.domain.errors import (
    ConversationNotActive,
    ConversationPaused,
    TooManyHeld,
)
from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.domain.model.events import Rule
from conversation_service.domain.model.messages import HeldMessage
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import Pool


@dataclass(frozen=True, slots=True)
class SendMessage:
    """A client speaks into a conversation: for a participant, or as the system to both."""

    request_id: str
    conversation_id: str
    participant_id: str
    body: str = field(repr=False)

    @property
    def receipt(self) -> IdempotencyKey:
        """Named by the client."""
        fields = (self.conversation_id, self.participant_id, self.body)
        return IdempotencyKey("speak", self.request_id, fields)

    def lookup(self, pool: Pool) -> ReadSet:
        """The conversation."""
        return ReadSet(conversation_id=self.conversation_id)

    def decide(self, facts: Snapshot) -> Change:
        """The words go to the other participant, or to both; a participant's may be held."""
        conversation = live_conversation(facts, self.conversation_id)
        author = participant_of(conversation, self.participant_id) if self.participant_id else None
        if conversation.state is not State.ACTIVE:
            raise ConversationNotActive(conversation.conversation_id)
        if author is not None and conversation.pause_time is not None:
            return self._hold(facts, conversation, author)
        receivers = (person for person in conversation.participants if person != author)
        said = [Draft(one, self.body, author_id=self.participant_id) for one in receivers]
        after = message_passed(facts, conversation, conversation.exchange)
        return transition(facts, conversation, after, said)

    def _hold(self, facts: Snapshot, conversation: Conversation, author: Person) -> Change:
        match may_hold(facts, conversation):
            case None:
                return hold(facts, conversation, HeldMessage(author.participant_id, self.body))
            case Rule.TOO_MANY_HELD:
                raise TooManyHeld(conversation.conversation_id)
            case _:
                raise ConversationPaused(conversation.conversation_id)
