"""Commits and their outcomes."""

from dataclasses import dataclass, field
from datetime import datetime

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.model.pool import Pool
from conversation_service.store.people import NOBODY, PeopleStatus
from conversation_service.store.records.payloads import StoredResponse

# Kinds of commands whose callers learn only that they were carried out.
UNSTORED_RESPONSES = ("text", "expire", "opt-out", "restore", "failure", "seed")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A command with this id was committed before; `response` is set only if the fields were
    the same."""

    is_same: bool
    response: StoredResponse


@dataclass(frozen=True, slots=True)
class LoadedBatch:
    """What was loaded for several commands, in their order, at this version of the pool."""

    version: str
    # None for a command that was not committed before.
    duplicates: list[Duplicate | None] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    people: PeopleStatus = NOBODY


@dataclass(frozen=True, slots=True)
class Commit:
    """A decided change, the command that it belongs to, and the pool as it was at the decision."""

    key: IdempotencyKey
    change: Change
    now: datetime
    pool: Pool

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
