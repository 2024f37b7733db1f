"""Conversations and messages as the model remembers them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from conversation_service.domain.templates.catalog import Template

# Follows the body, once per picture of a message.
PICTURE_MARK = "\u25a8"


@dataclass(eq=False)
class Conversation:
    """A conversation. Its id and its join code are learned from the service."""

    pool: str
    number: str
    people: list[str]
    create_time: datetime
    idle_end: datetime
    unique_name: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    conversation_id: str = ""
    code: str = ""
    has_code: bool = True
    latest_end: datetime | None = None
    due: datetime | None = None
    warned_end_time: datetime | None = None
    end_time: datetime | None = None
    # Orders conversations that ended at the same time.
    end_number: int = 0
    end_reason: str = ""
    is_paused: bool = False
    is_reported: bool = False
    # Author and body of each held message.
    held: list[tuple[str, str]] = field(default_factory=list)
    # State of loop detection.
    last_bodies: dict[str, str] = field(default_factory=dict)
    last_author: str = ""
    repetitions: int = 0
    last_message: datetime | None = None
    # Number of relayed messages.
    relayed: int = 0
    # Who has been told how to opt out.
    hinted: set[str] = field(default_factory=set)

    @property
    def is_live(self) -> bool:
        return self.end_time is None

    @property
    def is_waiting(self) -> bool:
        return self.is_live and len(self.people) == 1

    @property
    def is_active(self) -> bool:
        return self.is_live and len(self.people) == 2

    @property
    def next_end(self) -> datetime:
        return min(self.idle_end, self.latest_end) if self.latest_end else self.idle_end

    def partner(self, person: str) -> str:
        [partner] = (other for other in self.people if other != person)
        return partner

    def has_held(self, person: str) -> bool:
        return any(author == person for author, _ in self.held)


@dataclass(frozen=True)
class PastConversation:
    """An ended conversation of two people; kept to the end of the example."""

    pool: str
    number: str
    people: tuple[str, ...]
    time: datetime


@dataclass(frozen=True)
class ErasureRecord:
    """The time of an erasure and the numbers of what it deleted."""

    time: datetime
    conversations: int
    messages: int


@dataclass(frozen=True)
class AcceptedBody:
    """A body that may reach the author's partner, once."""

    author: str
    partner: str
    pool: str
    number: str
    time: datetime


@dataclass(frozen=True)
class ExpectedMessage:
    """A message that the carrier must receive: a body, or a template of the pool."""

    pool: str
    number: str
    to: str
    body: str = ""
    template: Template | None = None
    conversation: Conversation | None = None
    duration: timedelta | None = None
    # The participant who wrote the body; empty for system messages and clients.
    author: str = ""
    # Shown in the confirmation of an erasure.
    erasure_id: str = ""
    # Whether it says as well that a file was not passed on.
    tells_of_files: bool = False
    # Whether it is the help text for a person who opted out.
    is_daily_help: bool = False

    @property
    def reaches_opted_out(self) -> bool:
        """Only the confirmation of an opt-out or of an erasure does, and their daily help."""
        return self.is_daily_help or self.template in (Template.OPTED_OUT, Template.ERASED)
