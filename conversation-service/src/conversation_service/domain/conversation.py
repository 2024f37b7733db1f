"""A conversation and where it stands."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from conversation_service.domain.phone import Person


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


@dataclass(frozen=True, slots=True)
class Conversation:
    """Two people on one masked number, or one of them waiting for the other.

    `etag` is new with every change and never comes again, so that a change decided on an outcome
    that was not committed cannot pass for one decided on what was.
    `due_time` is when time alone changes something: the code or the conversation expires, or,
    once ended, it is forgotten.
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
    end_time: datetime | None = None
    end_reason: EndReason | None = None

    @property
    def is_live(self) -> bool:
        """Whether texts of its people still belong to it."""
        return self.state is not State.ENDED

    def has_expired(self, now: datetime) -> bool:
        """Whether it is live only because nobody has ended it yet."""
        return self.is_live and self.due_time <= now

    def partner_of(self, person: Person) -> Person | None:
        """The other participant, if there is one and `person` is in it."""
        if person not in self.participants:
            return None
        return next((other for other in self.participants if other != person), None)

    def participant(self, participant_id: str) -> Person | None:
        """The participant with this id, if it is one."""
        known = (p for p in self.participants if p.participant_id == participant_id)
        return next(known, None)
