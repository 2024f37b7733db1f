"""What the operations ask of the state, and the Redis that keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from conversation_service.domain.change import Change, Line
from conversation_service.domain.conversation import Conversation
from conversation_service.domain.facts import Lookup
from conversation_service.domain.intents import Receipt
from conversation_service.store.codec import Answer


@dataclass(frozen=True, slots=True)
class Earlier:
    """An intent of this name was committed before; `answer` only if the fields were the same."""

    is_same: bool
    answer: Answer


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was found for one lookup."""

    earlier: Earlier | None
    is_silenced: bool
    live: dict[Line, Conversation]
    invitation: Conversation | None
    conversation: Conversation | None


@dataclass(frozen=True, slots=True)
class Commit:
    """A decided change and the intent it answers."""

    receipt: Receipt
    change: Change
    now: datetime

    @property
    def answer(self) -> Answer:
        """What the intent's caller is told, now and at every repetition."""
        return Answer(self.change.after, tuple(text.message_id for text in self.change.texts))


@dataclass(frozen=True, slots=True)
class Done:
    """Committed now."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something moved since it was loaded; nothing was written."""


Outcome = Done | Earlier | Conflict | Exception


class PoolStore(Protocol):
    """The state of one pool. Its promises are the store suite of tests/contract."""

    async def load(self, asked: Sequence[tuple[Receipt, Lookup]]) -> list[Loaded]:
        """Everything asked for, in one round trip, in order."""
        ...

    async def commit(self, commits: Sequence[Commit]) -> list[Outcome]:
        """Each change whole or not at all, in order, in one round trip; errors as outcomes."""
        ...

    async def get(self, conversation_id: str) -> Conversation | None:
        """One conversation, ended ones included while they are kept."""
        ...

    async def page(self, size: int, before: str) -> list[Conversation]:
        """Conversations, newest first, those older than the id `before` if it is not empty."""
        ...

    async def due(self, now: datetime, limit: int) -> list[Conversation]:
        """The conversations that time changes now, the longest overdue first."""
        ...

    async def forget(self, conversation_ids: Sequence[str]) -> None:
        """Removes ended conversations for good."""
        ...
