"""A client changes a conversation's name, its labels or its maximum end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey, check_etag
from conversation_service.domain.commands.core.lifecycle import prolonged, renamed
from conversation_service.domain.commands.core.number_selection import check_name_is_free
from conversation_service.domain.commands.core.replies import transition
from conversation_service.domain.commands.core.snapshot import (
    ReadSet,
    Snapshot,
    live_conversation,
)
from conversation_service.domain.errors import (
    ConversationNotActive,
    FieldViolation,
    InvalidArgument,
)
from conversation_service.domain.model.conversation import Conversation, flattened, labels_violation
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.pool import Pool


@dataclass(frozen=True, slots=True)
class UpdateConversation:
    """Sets the named `fields` of a live conversation. With an etag, only if it still has it.

    A field is "unique_name", "labels", "max_end_time" or "labels.KEY". Fields that are not named
    are empty, and so are labels that are removed.
    """

    request_id: str
    conversation_id: str
    fields: frozenset[str]
    unique_name: str = field(default="", repr=False)
    labels: Mapping[str, str] = field(default_factory=dict, repr=False)
    # Without it as late as the pool allows.
    max_end_time: datetime | None = None
    etag: str = ""

    @property
    def idempotency_key(self) -> IdempotencyKey:
        end_time = self.max_end_time.isoformat() if self.max_end_time else ""
        values = (self.unique_name, end_time, self.etag, *flattened(self.labels))
        fields = (self.conversation_id, *sorted(self.fields), *values)
        return IdempotencyKey("update", self.request_id, fields)

    def read_set(self, pool: Pool) -> ReadSet:
        """The conversation, and the one that has its new name."""
        return ReadSet(conversation_id=self.conversation_id, unique_name=self.unique_name)

    def decide(self, snapshot: Snapshot) -> Change:
        """Nobody is notified."""
        before = live_conversation(snapshot, self.conversation_id)
        check_etag(self.etag, before.etag)
        name = before.unique_name
        if "unique_name" in self.fields:
            name = self.unique_name
            check_name_is_free(snapshot, before.conversation_id)
        after = renamed(snapshot, before, name, self._labels_after(before))
        if "max_end_time" in self.fields:
            after = prolonged(snapshot, after, self._end_after(snapshot, before))
        event = Event(EventType.CONVERSATION_UPDATED, self.conversation_id)
        return transition(snapshot, before, after, (), [event])

    def _labels_after(self, before: Conversation) -> Mapping[str, str]:
        """Single labels are added to the others, and may be too many with them."""
        is_kept = "labels" not in self.fields
        others = {
            key: value
            for key, value in before.labels.items()
            if is_kept and f"labels.{key}" not in self.fields
        }
        labels = others | dict(self.labels)
        if violation := labels_violation(labels):
            raise InvalidArgument([FieldViolation("conversation.labels", violation)])
        return labels

    def _end_after(self, snapshot: Snapshot, before: Conversation) -> datetime:
        if not before.is_connected:
            raise ConversationNotActive(self.conversation_id)
        latest = snapshot.now + snapshot.pool.settings.lifecycle.max_lifetime
        end_time = self.max_end_time or latest
        if not snapshot.now < end_time <= latest:
            expected = "must be later than now, by at most the pool's maximum lifetime"
            raise InvalidArgument([FieldViolation("conversation.max_end_time", expected)])
        return end_time
