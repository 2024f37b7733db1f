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


@dataclass(frozen=True, slots=True)
class NotifySenderOfFailure:
    """A message failed; `sender` wrote it in a conversation on `masked_number`."""

    failure: DeliveryFailure
    masked_number: str
    sender: Person

    @property
    def idempotency_key(self) -> IdempotencyKey:
        return _key(self.failure)

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
        # A message that failed as a whole has an event of its own, for its state.
        is_about_files = self.failure.is_about_files
        events = [_files_event(self.failure, self.sender)] if is_about_files else []
        if not self._is_present(snapshot) or self.sender in snapshot.opt_outs:
            return notify(snapshot, conversation, (), events)
        template = _NOTICES[self.failure.kind]
        if is_about_files:
            # Each refused file is another one; a phone that is off stays the same failure.
            notice = reply_to(snapshot, self.sender, template)
        else:
            notice = limited_failure_notice(snapshot, self.sender, template)
        return notify_limited(snapshot, conversation, notice, events)

    def _is_present(self, snapshot: Snapshot) -> bool:
        if snapshot.pool.number(self.masked_number) is None:
            # The number has gone to another pool, whose conversations this pool does not know.
            return False
        current = snapshot.live(self._route) or snapshot.cooling(self._route)
        return current is not None and current.conversation_id == self.failure.conversation_id


@dataclass(frozen=True, slots=True)
class RecordRefusedFiles:
    """Files of a message of the system to this person were refused: no participant sent it."""

    failure: DeliveryFailure
    recipient: Person

    @property
    def idempotency_key(self) -> IdempotencyKey:
        return _key(self.failure)

    def read_set(self, pool: Pool) -> ReadSet:
        return ReadSet(conversation_id=self.failure.conversation_id)

    def decide(self, snapshot: Snapshot) -> Change:
        """An event, while the conversation is kept."""
        if snapshot.conversation is None:
            return Change()
        events = [_files_event(self.failure, self.recipient)]
        return notify(snapshot, snapshot.conversation, (), events)


def failure_notice(
    failure: DeliveryFailure, conversation: Conversation
) -> NotifySenderOfFailure | RecordRefusedFiles | None:
    """The notice for the participant who is not the recipient; None if there is no such person."""
    if not failure.is_relayed:
        recipients = (
            person
            for person in conversation.participants
            if person.person_id == failure.recipient_person_id
        )
        return next((RecordRefusedFiles(failure, person) for person in recipients), None)
    senders = [
        person
        for person in conversation.participants
        if person.person_id != failure.recipient_person_id
    ]
    if len(senders) != 1:
        return None
    return NotifySenderOfFailure(failure, conversation.masked_number, senders[0])


def _key(failure: DeliveryFailure) -> IdempotencyKey:
    """Once per message and kind of failure."""
    return IdempotencyKey("failure", f"{failure.message_id} {failure.kind.value}", ())


def _files_event(failure: DeliveryFailure, person: Person) -> Event:
    kind = EventType.MESSAGE_ATTACHMENTS_REFUSED
    return Event(kind, failure.conversation_id, person.participant_id, failure.message_id)
