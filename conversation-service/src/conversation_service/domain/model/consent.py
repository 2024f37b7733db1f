"""Opt-outs, opt-ins and erasures."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from conversation_service.domain.model.participants import Person

# Of hexadecimal: 128 bits.
_CAUSE_DIGITS = 32


class OptOutSource(StrEnum):
    """How an opt-out became known."""

    TEXT = "TEXT"
    CARRIER = "CARRIER"
    CLIENT = "CLIENT"
    IMPORT = "IMPORT"


@dataclass(frozen=True, slots=True)
class OptOut:
    """A person's opt-out; `cause` is the hash of the id of what caused it, empty if not known."""

    time: datetime
    source: OptOutSource
    cause: str = ""
    # Of the import that it came with.
    note: str = ""

    def is_caused_by(self, message_id: str) -> bool:
        """Whether it was this message."""
        return self.cause == cause_of(message_id)


def cause_of(message_id: str) -> str:
    """The hash of a message's id. The ids are long and random, so it gives none of them away."""
    return sha256(message_id.encode()).hexdigest()[:_CAUSE_DIGITS]


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """A message that puts its sender on the suppression list or takes them off it."""

    person: Person
    opts_in: bool


@dataclass(frozen=True, slots=True)
class Erasure:
    """The record of an erasure. It does not say whose it is."""

    erasure_id: str
    create_time: datetime
    # None while data is still being erased.
    complete_time: datetime | None = None
    # Ended conversations that were removed so far, for their other participants too.
    conversations: int = 0
    # Messages that were removed so far from the outbox and the dead letters.
    messages: int = 0
