"""Notifies the sender of a message that failed, without the reason."""

from dataclasses import dataclass

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.replies import (
    limited_failure_notice,
    notify,
    notify_limited,
    reply_to,
)
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.events import Event, EventType
from conversation_service.domain.model.messages import DeliveryFailure, DeliveryFailureKind
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.templates.catalog import Template

# The same notice for a landline, a phone that is off, an opt-out and a block: the sender must not
# learn which.
_NOTICES = {
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
    """A message failed; `sender` wrote it in a conversation on `masked_number`."""

    failure: DeliveryFailure
    masked_number: str
    sender: Person

    @property
    def idempotency_key(self) -> IdempotencyKey:
        """Once per message and kind of failure."""
        return IdempotencyKey("failure", f"{self.failure.message_id} {self.failure.kind.value}", ())

    @property
    def _route(self) -> Route:
        return Route(self.masked_number, self.sender)

    def read_set(self, pool: Pool) -> ReadSet:
        """The conversation of the message and the one that the sender is in now."""
        return ReadSet(
            routes=(self._route,),
            conversation_id=self.failure.conversation_id,
            people=(self.sender,),
        )

    def decide(self, snapshot: Snapshot) -> Change:
        """One notice, while the masked number still belongs to this conversation for the sender."""
        conversation = snapshot.conversation
        if conversation is None:
            return Change()
        events = self._events()
        if not self._is_present(snapshot) or self.sender in snapshot.opt_outs:
            return notify(snapshot, conversation, (), events)
        template = _NOTICES[self.failure.kind]
        if self.failure.kind in _ABOUT_FILES:
            # Each refused file is another one; a phone that is off stays the same failure.
            notice = reply_to(snapshot, self.sender, template)
        else:
            notice = limited_failure_notice(snapshot, self.sender, template)
        return notify_limited(snapshot, conversation, notice, events)

    def _events(self) -> tuple[Event, ...]:
        """None for a message that failed as a whole: its state has an event of its own."""
        if self.failure.kind not in _ABOUT_FILES:
            return ()
        return (
            Event(
                EventType.MESSAGE_ATTACHMENTS_REFUSED,
                self.failure.conversation_id,
                self.sender.participant_id,
                self.failure.message_id,
            ),
        )

    def _is_present(self, snapshot: Snapshot) -> bool:
        if snapshot.pool.number(self.masked_number) is None:
            # The number has gone to another pool, whose conversations this pool does not know.
            return False
        current = snapshot.live(self._route) or snapshot.cooling(self._route)
        return current is not None and current.conversation_id == self.failure.conversation_id


def failure_notice(
    failure: DeliveryFailure, conversation: Conversation
) -> NotifySenderOfFailure | None:
    """The notice for the participant who is not the recipient; None if there is no such person."""
    senders = [
        person
        for person in conversation.participants
        if person.person_id != failure.recipient_person_id
    ]
    if len(senders) != 1:
        return None
    return NotifySenderOfFailure(failure, conversation.masked_number, senders[0])
