"""A conversation and where it stands."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from conversation_service.domain.model.loop_detection import LoopDetector
from conversation_service.domain.model.participants import Person


class State(StrEnum):
    """Where a conversation stands."""

    WAITING = "WAITING"
    ACTIVE = "ACTIVE"
    ENDED = "ENDED"


class EndReason(StrEnum):
    """Why a conversation ended."""

    PARTICIPANT_ENDED = "PARTICIPANT_ENDED"
    OPERATOR_ENDED = "OPERATOR_ENDED"
    OPTED_OUT = "OPTED_OUT"
    CODE_EXPIRED = "CODE_EXPIRED"
    IDLE_EXPIRED = "IDLE_EXPIRED"
    LIFETIME_EXPIRED = "LIFETIME_EXPIRED"
    BLOCKED = "BLOCKED"


@dataclass(frozen=True, slots=True)
class Conversation:
    """Two people on one masked number, or one of them waiting for the other.

    `etag` is new with every change and never comes again, so that a change decided on an outcome
    that was not committed cannot pass for one decided on what was.
    `due_time` is when time alone changes something: a warning or an end is due, or, once ended, it
    is forgotten.
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
    # When it ends if nobody texts, or joins; and when it ends, texts or not.
    idle_end_time: datetime | None = None
    latest_end_time: datetime | None = None
    # The end that both have been warned of.
    warned_end_time: datetime | None = None
    pause_time: datetime | None = None
    report_time: datetime | None = None
    end_time: datetime | None = None
    end_reason: EndReason | None = None
    end_note: str = field(default="", repr=False)
    unique_name: str = field(default="", repr=False)
    # Texts held while it is paused, of the first participant and of the second.
    held: tuple[int, int] = (0, 0)
    exchange: LoopDetector = field(default_factory=LoopDetector)
    # When the carrier took the text that joined it, if that was well before the join_time: the text
    # came late, and so may all that was texted after it.
    ask_time: datetime | None = None
    # Its words are sealed under this while they are kept; the store draws it.
    text_secret: bytes = field(default=b"", repr=False, compare=False)

    @property
    def is_live(self) -> bool:
        """Whether texts of its people still belong to it."""
        return self.state is not State.ENDED

    @property
    def next_end_time(self) -> datetime | None:
        """When it ends if nothing happens; None once it has."""
        ends = (self.idle_end_time, self.latest_end_time)
        return min((end for end in ends if end), default=None) if self.is_live else None

    @property
    def active_since(self) -> datetime | None:
        """Since when texts may belong to it; None while nobody has joined."""
        return self.ask_time or self.join_time

    def has_expired(self, now: datetime) -> bool:
        """Whether it is live only because nobody has ended it yet."""
        end = self.next_end_time
        return end is not None and end <= now

    def partner_of(self, person: Person) -> Person | None:
        """The other participant, if there is one and `person` is in it."""
        if person not in self.participants:
            return None
        return next((other for other in self.participants if other != person), None)

    def participant(self, participant_id: str) -> Person | None:
        """The participant with this id, if it is one."""
        known = (p for p in self.participants if p.participant_id == participant_id)
        return next(known, None)

    def position(self, person: Person) -> int:
        """0 for who started, 1 for the other one."""
        return self.participants.index(person)
