"""What the model remembers of conversations and of texts."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from conversation_service.domain.templates.catalog import Template

# Stands behind words for each picture that comes with them.
PICTURE_MARK = "\u25a8"


@dataclass(eq=False)
class Talk:
    """A conversation as the model knows it; its id and its code are learned from the service."""

    pool: str
    number: str
    people: list[str]
    create_time: datetime
    idle_end: datetime
    unique_name: str = ""
    conversation_id: str = ""
    code: str = ""
    has_code: bool = True
    latest_end: datetime | None = None
    due: datetime | None = None
    warned_end_time: datetime | None = None
    end_time: datetime | None = None
    # Which ending of the model this was: several may share a moment.
    end_number: int = 0
    end_reason: str = ""
    is_paused: bool = False
    is_reported: bool = False
    held: list[tuple[str, str]] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    speaker: str = ""
    rounds: int = 0
    last_message: datetime | None = None
    # How many texts were passed on in it.
    relayed: int = 0

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
        [other] = (one for one in self.people if one != person)
        return other

    def has_held(self, person: str) -> bool:
        return any(author == person for author, _ in self.held)


@dataclass(frozen=True)
class Past:
    """A conversation of two that ended, for as long as the example lasts."""

    pool: str
    number: str
    people: tuple[str, ...]
    time: datetime


@dataclass(frozen=True)
class Erased:
    """An erasure: when it was made, and how much went."""

    time: datetime
    conversations: int
    texts: int


@dataclass(frozen=True)
class Spoken:
    """Words that somebody said to a partner through a masked number."""

    author: str
    partner: str
    pool: str
    number: str
    time: datetime


@dataclass(frozen=True)
class Out:
    """A text that is expected to be sent: its words, or a template of the pool's."""

    pool: str
    number: str
    to: str
    words: str = ""
    template: Template | None = None
    talk: Talk | None = None
    span: timedelta | None = None
    # Whose words they are, in the conversation; nobody's if Maskline or a client wrote them.
    author: str = ""
    # What names an erasure to who asked for it.
    receipt: str = ""

    @property
    def reaches_opted_out(self) -> bool:
        """The one confirmation of an opt-out, or of an erasure."""
        return self.template in (Template.OPTED_OUT, Template.ERASED)
