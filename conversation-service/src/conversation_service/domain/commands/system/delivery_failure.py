"""A participant's text failed on its way: its sender is told, and nobody learns why."""

from dataclasses import dataclass

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.replies import (
    limited_failure_notice,
    notify,
    notify_limited,
)
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.messages import DeliveryFailure, DeliveryFailureKind
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.templates.catalog import Template

# One text for whatever keeps a text from arriving: a landline, a phone that is off, an opt-out and
# a block read the same.
_TOLD = {
    DeliveryFailureKind.NOT_DELIVERED: Template.NOT_DELIVERED,
    DeliveryFailureKind.UNCERTAIN: Template.MAYBE_NOT_DELIVERED,
    DeliveryFailureKind.ATTACHMENTS_REFUSED: Template.ATTACHMENT_NOT_PASSED_ON,
    DeliveryFailureKind.ATTACHMENTS_ONLY_REFUSED: Template.ATTACHMENT_NOT_PASSED_ON,
}

_ABOUT_FILES = (
    DeliveryFailureKind.ATTACHMENTS_REFUSED,
    DeliveryFailureKind.ATTACHMENTS_ONLY_REFUSED,
)


@dataclass(frozen=True, slots=True)
class NotifySenderOfFailure:
    """One text failed; `sender` wrote it in a conversation on `masked_number`."""

    failure: DeliveryFailure
    masked_number: str
    sender: Person

    @property
    def receipt(self) -> IdempotencyKey:
        """Once for each way in which a text may fail."""
        return IdempotencyKey("failure", f"{self.failure.message_id} {self.failure.kind.value}", ())

    @property
    def _line(self) -> Route:
        return Route(self.masked_number, self.sender)

    def lookup(self, pool: Pool) -> ReadSet:
        """What is on the sender's line now, and how often they were told already."""
        return ReadSet(
            lines=(self._line,),
            conversation_id=self.failure.conversation_id,
            people=(self.sender,),
        )

    def decide(self, facts: Snapshot) -> Change:
        """One text to the sender, as long as this is still what their number is about."""
        conversation = facts.conversation
        if conversation is None:
            return Change()
        events = self._events()
        if not self._is_present(facts) or self.sender in facts.opt_outs:
            return notify(facts, conversation, (), events)
        answer = limited_failure_notice(facts, self.sender, _TOLD[self.failure.kind])
        return notify_limited(facts, conversation, answer, events)

    def _events(self) -> tuple[Event, ...]:
        """Of a text that failed as a whole its own state tells."""
        if self.failure.kind not in _ABOUT_FILES:
            return ()
        name, message_id = self.failure.conversation_id, self.failure.message_id
        author_id = self.sender.participant_id
        return (Event(EventType.ATTACHMENTS_REFUSED, name, author_id, message_id),)

    def _is_present(self, facts: Snapshot) -> bool:
        if facts.pool.number(self.masked_number) is None:
            # It went to another pool, and what is on it there is not this pool's to say.
            return False
        found = facts.live(self._line) or facts.cooling(self._line)
        return found is not None and found.conversation_id == self.failure.conversation_id


def failure_notice(
    failure: DeliveryFailure, conversation: Conversation
) -> NotifySenderOfFailure | None:
    """Who wrote a text is the participant who does not receive it; None if there is no such."""
    senders = [
        one for one in conversation.participants if one.person_id != failure.recipient_person_id
    ]
    if len(senders) != 1:
        return None
    return NotifySenderOfFailure(failure, conversation.masked_number, senders[0])
