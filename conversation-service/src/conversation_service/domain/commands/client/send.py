"""A client sends a message in a conversation."""

from dataclasses import dataclass, field

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.holding import (
    HELD_LIMIT,
    hold,
    relayed_draft,
    rule_against_hold,
)
from conversation_service.domain.commands.core.lifecycle import message_passed
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
    FieldViolation,
    HeldMessageLimitReached,
    InvalidArgument,
)
from conversation_service.domain.model.conversation import Conversation, State
from conversation_service.domain.model.events import RelayRefusal
from conversation_service.domain.model.messages import HeldMessage, segment_count
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import Pool


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Sends a message for a participant, or to both if `participant_id` is empty."""

    request_id: str
    conversation_id: str
    participant_id: str
    body: str = field(repr=False)

    @property
    def idempotency_key(self) -> IdempotencyKey:
        fields = (self.conversation_id, self.participant_id, self.body)
        return IdempotencyKey("speak", self.request_id, fields)

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet(conversation_id=self.conversation_id)

    def decide(self, snapshot: Snapshot) -> Change:
        """Sends it to the other participant, or to both; a participant's message may be held."""
        conversation = live_conversation(snapshot, self.conversation_id)
        limit = snapshot.pool.settings.relay.max_message_segments
        if segment_count(self.body) > limit:
            raise InvalidArgument([FieldViolation("body", f"must have at most {limit} segments")])
        author = participant_of(conversation, self.participant_id) if self.participant_id else None
        if not conversation.is_connected:
            raise ConversationNotActive(conversation.conversation_id)
        if author is not None and conversation.state is State.PAUSED:
            return self._hold(snapshot, conversation, author)
        drafts = self._drafts(snapshot, conversation, author)
        after = message_passed(snapshot, conversation, conversation.loop_detector)
        return transition(snapshot, conversation, after, drafts)

    def _drafts(
        self, snapshot: Snapshot, conversation: Conversation, author: Person | None
    ) -> list[Draft]:
        if author is not None:
            return [relayed_draft(snapshot, conversation, author.participant_id, self.body)]
        body = snapshot.pool.catalog.marked(self.body)
        return [Draft(person, body) for person in conversation.participants]

    def _hold(self, snapshot: Snapshot, conversation: Conversation, author: Person) -> Change:
        match rule_against_hold(snapshot, conversation):
            case None:
                return hold(snapshot, conversation, HeldMessage(author.participant_id, self.body))
            case RelayRefusal.HELD_MESSAGE_LIMIT_REACHED:
                raise HeldMessageLimitReached(conversation.conversation_id, HELD_LIMIT)
            case _:
                raise ConversationPaused(conversation.conversation_id)
