"""A conversation, its state and its labels."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from conversation_service.domain.model.loop_detection import LoopDetector
from conversation_service.domain.model.participants import Person

MAX_LABELS = 16

MAX_VALUE_LENGTH = 200

# In lower case, as the JSON form of an update mask turns capitals into underscores.
LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class State(StrEnum):
    WAITING = "WAITING"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    ENDED = "ENDED"


class EndReason(StrEnum):
    PARTICIPANT_ENDED = "PARTICIPANT_ENDED"
    CLIENT = "CLIENT"
    OPTED_OUT = "OPTED_OUT"
    CODE_EXPIRED = "CODE_EXPIRED"
    IDLE_EXPIRED = "IDLE_EXPIRED"
    LIFETIME_EXPIRED = "LIFETIME_EXPIRED"
    BLOCKED = "BLOCKED"
    RESTORED = "RESTORED"


@dataclass(frozen=True, slots=True)
class Conversation:
    """Two people on one masked number, or one of them waiting for the other.

    `etag` is new with every change and never used again, so a change that was decided on a state
    that was not committed is always detected. `due_time` is when a warning or an end is due, or,
    once ended, when the conversation is purged.
    """

    conversation_id: str
    pool: str
    masked_number: str
    state: State
    etag: str
    code: str = field(repr=False)
    participants: tuple[Person, ...]
    create_time: datetime
    due_time: datetime
    join_time: datetime | None = None
    last_message_time: datetime | None = None
    # The end if nobody texts, or joins; and the end of its lifetime in any case.
    idle_end_time: datetime | None = None
    max_end_time: datetime | None = None
    # The end that both have been warned of.
    warned_end_time: datetime | None = None
    pause_time: datetime | None = None
    report_time: datetime | None = None
    end_time: datetime | None = None
    end_reason: EndReason | None = None
    end_note: str = field(default="", repr=False)
    unique_name: str = field(default="", repr=False)
    labels: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    # Ids of the messages held while it is paused, of the first participant and of the second.
    held: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    # Which of them have been told how to opt out, as their words read like an opt-out.
    opt_out_hints: tuple[bool, bool] = (False, False)
    # What clients referred to when they brought the first participant in, and the second; empty for
    # who texted.
    consent_references: tuple[str, str] = field(default=("", ""), repr=False)
    loop_detector: LoopDetector = field(default_factory=LoopDetector)
    # When the carrier accepted the JOIN, if that was well before join_time: then the messages after
    # it may be late as well.
    join_request_time: datetime | None = None
    # Its data key: the store generates it and encrypts bodies with it.
    data_key: bytes = field(default=b"", repr=False, compare=False)

    @property
    def is_live(self) -> bool:
        return self.state is not State.ENDED

    @property
    def is_connected(self) -> bool:
        """Whether it is live and two people are in it."""
        return self.state in (State.ACTIVE, State.PAUSED)

    @property
    def next_end_time(self) -> datetime | None:
        """The end if nothing happens before; None once it has ended."""
        ends = (self.idle_end_time, self.max_end_time)
        return min((end for end in ends if end), default=None) if self.is_live else None

    @property
    def active_since(self) -> datetime | None:
        """From when on messages may belong to it; None while nobody has joined."""
        return self.join_request_time or self.join_time

    def has_expired(self, now: datetime) -> bool:
        """Whether its end is overdue."""
        end = self.next_end_time
        return end is not None and end <= now

    def partner_of(self, person: Person) -> Person | None:
        """The other participant; None if there is none or `person` is not in it."""
        if person not in self.participants:
            return None
        return next((other for other in self.participants if other != person), None)

    def participant(self, participant_id: str) -> Person | None:
        matching = (
            person for person in self.participants if person.participant_id == participant_id
        )
        return next(matching, None)

    def position(self, person: Person) -> int:
        """0 for the person who started the conversation, 1 for the other."""
        return self.participants.index(person)


def labels_violation(labels: Mapping[str, str]) -> str:
    """What is wrong with labels; empty if nothing is."""
    if len(labels) > MAX_LABELS:
        return f"must be at most {MAX_LABELS}"
    if not all(map(LABEL_KEY.fullmatch, labels)):
        return "must have keys of 1 to 40 of a-z, 0-9, - and _ that begin with a letter"
    if not all(map(_is_value, labels.values())):
        return f"must have values of at most {MAX_VALUE_LENGTH} printable characters"
    return ""


def flattened(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Keys and values in a fixed order, for an idempotency key."""
    return tuple(part for label in sorted(labels.items()) for part in label)


def _is_value(value: str) -> bool:
    return len(value) <= MAX_VALUE_LENGTH and value.isprintable()
