"""A client sends a message in a conversation."""

from collections.abc import Sequence
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
from conversation_service.domain.model.messages import Attachment, HeldMessage, segment_count
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import AttachmentPolicy, Pool, RelaySettings

# The kind of its idempotency key: the stored response has the records of the messages.
SEND_KIND = "speak"


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Sends a message for a participant, or as the system if `participant_id` is empty.

    Without `recipient_ids` the other participant receives it, or both if it is the system's.
    """

    request_id: str
    conversation_id: str
    participant_id: str
    body: str = field(repr=False)
    recipient_ids: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    @property
    def idempotency_key(self) -> IdempotencyKey:
        files = (part for file in self.attachments for part in (file.url, file.content_type))
        # Their number tells recipients from files.
        recipients = (str(len(self.recipient_ids)), *self.recipient_ids)
        fields = (self.conversation_id, self.participant_id, self.body, *recipients, *files)
        return IdempotencyKey(SEND_KIND, self.request_id, fields)

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet(conversation_id=self.conversation_id)

    def decide(self, snapshot: Snapshot) -> Change:
        """Sends it to its recipients; a participant's message may be held."""
        conversation = live_conversation(snapshot, self.conversation_id)
        self._check_content(snapshot.pool.settings.relay)
        author = participant_of(conversation, self.participant_id) if self.participant_id else None
        chosen = [participant_of(conversation, person_id) for person_id in self.recipient_ids]
        if not conversation.is_connected:
            raise ConversationNotActive(conversation.conversation_id)
        if author is not None and conversation.state is State.PAUSED:
            return self._hold(snapshot, conversation, author)
        after = message_passed(snapshot, conversation, conversation.loop_detector)
        drafts = self._drafts(snapshot, conversation, author, chosen)
        return transition(snapshot, conversation, after, drafts)

    def _check_content(self, settings: RelaySettings) -> None:
        """The pool's settings say what may be sent. Raises InvalidArgument."""
        violations, limit = [], settings.max_message_segments
        if segment_count(self.body) > limit:
            violations.append(FieldViolation("body", f"must have at most {limit} segments"))
        if self.attachments and settings.attachment_policy is AttachmentPolicy.NONE:
            violations.append(FieldViolation("media", "the pool relays no files"))
        if violations:
            raise InvalidArgument(violations)

    def _drafts(
        self,
        snapshot: Snapshot,
        conversation: Conversation,
        author: Person | None,
        chosen: Sequence[Person],
    ) -> list[Draft]:
        files = self.attachments
        if author is not None:
            author_id = author.participant_id
            return [relayed_draft(snapshot, conversation, author_id, self.body, files)]
        body = snapshot.pool.catalog.marked(self.body)
        recipients = chosen or conversation.participants
        return [Draft(person, body, attachments=files) for person in recipients]

    def _hold(self, snapshot: Snapshot, conversation: Conversation, author: Person) -> Change:
        match rule_against_hold(snapshot, conversation):
            case None:
                content = (self.body, self.attachments)
                held = HeldMessage(snapshot.change_id, author.participant_id, *content)
                return hold(snapshot, conversation, held)
            case RelayRefusal.HELD_MESSAGE_LIMIT_REACHED:
                raise HeldMessageLimitReached(conversation.conversation_id, HELD_LIMIT)
            case _:
                raise ConversationPaused(conversation.conversation_id)
