"""Commits and their outcomes."""

from dataclasses import dataclass, field
from datetime import datetime

from conversation_service.domain.commands.client.send import SEND_KIND
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.model.message_records import MessageRecord
from conversation_service.domain.model.messages import MessageState, OutboundMessage
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import Pool
from conversation_service.store.people import NOBODY, PeopleStatus
from conversation_service.store.records.payloads import StoredResponse

# Kinds of commands whose callers learn only that they were carried out.
UNSTORED_RESPONSES = ("text", "expire", "system-end", "failure", "seed")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A command with this id was committed before; `response` is set only if the fields were
    the same."""

    is_same: bool
    response: StoredResponse


@dataclass(frozen=True, slots=True)
class LoadedBatch:
    """What several commands need, at this version of the pool."""

    version: str
    # By command. None for one that was not committed before, or is recalled.
    duplicates: list[Duplicate | None] = field(default_factory=list)
    # Whether a command is to be decided on this replica's own last state.
    recalled: list[bool] = field(default_factory=list)
    # In no order but that: later ones are newer.
    snapshots: list[Snapshot] = field(default_factory=list)
    people: PeopleStatus = NOBODY


@dataclass(frozen=True, slots=True)
class Commit:
    """A decided change, the command that it belongs to, and the pool as it was at the decision."""

    key: IdempotencyKey
    change: Change
    now: datetime
    pool: Pool
    # The sender, if it was not asked whether they opted out: the commit requires that nothing about
    # them has changed.
    unasked: Person | None = None

    @property
    def response(self) -> StoredResponse:
        """The response to the command, now and at every repetition."""
        change = self.change
        if self.key.kind == "text":
            message_id = change.participant_message_id
            timeline_id = "" if message_id else self._timeline_id
            return StoredResponse(
                timeline_id=timeline_id, message_id=message_id, erasure_id=change.erasure_id
            )
        if self.key.kind in UNSTORED_RESPONSES:
            return StoredResponse()
        return StoredResponse(change.after, self._messages, change.refusal is not None)

    @property
    def _messages(self) -> tuple[MessageRecord, ...]:
        """What SendMessage answers: no other response has messages."""
        if self.key.kind != SEND_KIND:
            return ()
        sent = (record_of(message, self.now) for message in self.change.texts)
        return (*sent, *self.change.records)

    @property
    def _timeline_id(self) -> str:
        ids = (event.conversation_id for event in self.change.events if event.conversation_id)
        return next(ids, "")


@dataclass(frozen=True, slots=True)
class Committed:
    """The change was written."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something changed since it was loaded; nothing was written."""


CommitOutcome = Committed | Duplicate | Conflict | Exception


def record_of(message: OutboundMessage, now: datetime) -> MessageRecord:
    """The record of a message that is accepted for sending."""
    return MessageRecord(
        message.message_id,
        MessageState.ACCEPTED,
        now,
        message.to.person_id,
        message.conversation_id,
        message.is_relayed,
        message.template,
        message.segment_count,
        len(message.attachments),
    )
