"""Commits and their outcomes."""

from dataclasses import dataclass, field
from datetime import datetime

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.snapshot import Snapshot
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
        if self.key.kind in UNSTORED_RESPONSES:
            return StoredResponse(timeline_id=self._conversation_id, erasure_id=change.erasure_id)
        return StoredResponse(
            change.after,
            tuple(message.message_id for message in change.texts),
            change.refusal is not None,
            bool(change.held),
        )

    @property
    def _conversation_id(self) -> str:
        if self.key.kind != "text":
            return ""
        ids = (event.conversation_id for event in self.change.events if event.conversation_id)
        return next(ids, "")


@dataclass(frozen=True, slots=True)
class Committed:
    """The change was written."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something changed since it was loaded; nothing was written."""


CommitOutcome = Committed | Duplicate | Conflict | Exception
