"""Who wants no texts."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from conversation_service.domain.model.participants import Person


class OptOutSource(StrEnum):
    """How an opt-out became known."""

    TEXT = "TEXT"
    CARRIER = "CARRIER"
    CLIENT = "CLIENT"


@dataclass(frozen=True, slots=True)
class OptOut:
    """A person's opt-out, and the id of the intent that first told of it."""

    time: datetime
    source: OptOutSource
    intent_id: str


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """A person's text that puts them on the suppression list or takes them off it."""

    person: Person
    opts_in: bool


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is kept of it: nothing says whose it was."""

    erasure_id: str
    time: datetime
    # Ended conversations that were removed, the other participant's view of them included.
    conversations: int
    # Texts that were owed, or among the dead letters, and are not any more.
    texts: int
