"""What the operations ask of the state, and the Redis that keeps it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import IdempotencyKey
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.messages import HeldMessage
from conversation_service.domain.model.participants import Person, Route
from conversation_service.domain.model.pool import Pool
from conversation_service.domain.model.rate_limits import NEVER, SenderLimits, WindowCounter
from conversation_service.store.records.payloads import StoredResponse

# Kinds of intents whose callers are told no more than that they were carried out.
UNSTORED_RESPONSES = ("text", "expire", "opt-out", "failure", "seed")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An intent of this name was committed before; `answer` only if the fields were the same."""

    is_same: bool
    answer: StoredResponse


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was found for one lookup."""

    earlier: Duplicate | None = None
    lines: Mapping[Route, Conversation] = field(default_factory=dict)
    current_conversation_ids: Mapping[Route, str] = field(default_factory=dict)
    invitation: Conversation | None = None
    conversation: Conversation | None = None
    named: Conversation | None = None
    sender_limits: Mapping[Person, SenderLimits] = field(default_factory=dict)
    blocked: frozenset[str] = frozenset()
    tries: WindowCounter = NEVER
    last_number: str = ""
    held: tuple[HeldMessage, ...] = ()
    loads: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoadedBatch:
    """What was found for several lookups, while the pool had this version."""

    version: str
    found: list[Loaded]


@dataclass(frozen=True, slots=True)
class Commit:
    """A decided change, the intent it answers, and the pool as it was decided upon."""

    receipt: IdempotencyKey
    change: Change
    now: datetime
    pool: Pool

    @property
    def answer(self) -> StoredResponse:
        """What the intent's caller is told, now and at every repetition."""
        change = self.change
        if self.receipt.kind in UNSTORED_RESPONSES:
            return StoredResponse(place=self._place, erasure_id=change.erasure_id)
        return StoredResponse(
            change.after,
            tuple(text.message_id for text in change.texts),
            change.refusal is not None,
            bool(change.held),
        )

    @property
    def _place(self) -> str:
        places = (one.conversation_id for one in self.change.events if one.conversation_id)
        return next(places, "") if self.receipt.kind == "text" else ""


@dataclass(frozen=True, slots=True)
class Committed:
    """Committed now."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something moved since it was loaded; nothing was written."""


Outcome = Committed | Duplicate | Conflict | Exception


class PoolStore(Protocol):
    """The state of one pool. Its promises are the store suite of tests/contract."""

    async def pool(self) -> Pool | None:
        """The pool as it is; None while it does not exist."""
        ...

    async def load(
        self, asked: Sequence[tuple[IdempotencyKey, ReadSet]], pool: Pool
    ) -> LoadedBatch:
        """Everything asked for, in one round trip, in order; `pool` as it is known."""
        ...

    async def commit(self, commits: Sequence[Commit]) -> list[Outcome]:
        """Each change whole or not at all, in order, in one round trip; errors as outcomes.

        What changes is a conversation as it was loaded, or as an earlier one of these left it.
        """
        ...

    async def get(self, conversation_id: str) -> Conversation | None:
        """One conversation, ended ones included while they are kept."""
        ...

    async def page(self, size: int, before: str) -> list[Conversation]:
        """Conversations, newest first, those older than the id `before` if it is not empty."""
        ...

    async def named(self, unique_name: str) -> Conversation | None:
        """The live conversation with this name."""
        ...

    async def on_lines(self, lines: Sequence[Route]) -> list[Conversation]:
        """What is on these lines, live or ended a moment ago, each conversation once."""
        ...

    async def history(self, person: Person) -> list[Conversation]:
        """The ended conversations of a person that are kept."""
        ...

    async def loads(self, numbers: Sequence[str]) -> dict[str, int]:
        """How many live conversations each of these numbers has."""
        ...

    async def live(self) -> int:
        """How many conversations are live."""
        ...

    async def max_held(self) -> int:
        """The most live conversations that any one person holds."""
        ...

    async def due(self, now: datetime, limit: int) -> list[Conversation]:
        """The conversations that time changes now, the longest overdue first."""
        ...

    async def forget(self, conversation_ids: Sequence[str]) -> None:
        """Removes ended conversations for good."""
        ...
