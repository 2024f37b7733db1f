"""Opt-outs, opt-ins and erasures."""

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
    """A person's opt-out; `command_id` is the id of the message or request that caused it."""

    time: datetime
    source: OptOutSource
    command_id: str


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """A message that puts its sender on the suppression list or takes them off it."""

    person: Person
    opts_in: bool


@dataclass(frozen=True, slots=True)
class Erasure:
    """The record of an erasure. It does not say whose it was."""

    erasure_id: str
    time: datetime
    # Ended conversations that were removed, for their other participants too.
    conversations: int
    # Messages that were removed from the outbox and the dead letters.
    texts: int
