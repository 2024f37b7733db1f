"""Messages of a fault run: those that must arrive, and those that did."""

from collections.abc import Sequence
from dataclasses import dataclass, field

DIGITS_OF_A_NUMBER = 10


@dataclass(frozen=True, slots=True)
class Place:
    """Receiver, masked number and body. Of system messages the body is a beginning."""

    phone: str
    number: str
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Expected:
    """A message that must arrive once. `cause` is the carrier's id of the message it follows from.

    Texts of one `direction` keep their order: what was accepted before another was typed comes
    first. Times are seconds of any one clock; None when nobody saw it accepted, as with a text
    that was found in the carrier's records.
    """

    cause: str
    place: Place
    direction: str = ""
    typed_at: float = 0.0
    accepted_at: float | None = None
    # A failure notice at this place will do instead.
    failure_notice: Place | None = None
    pictures: int = 0
    # Instead of the pictures a notice at this place will do.
    picture_notice: Place | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A message on a phone. `at` grows with the carrier's time."""

    text_id: str
    phone: str
    peer: str
    body: str = field(repr=False)
    at: str
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class RunContext:
    """All numbers and phones, and the beginnings of expected system messages."""

    masked_numbers: Sequence[str]
    phones: Sequence[str]
    openings: Sequence[str]
    # The beginnings of notices that something was not delivered.
    notices: Sequence[str]


def place_of(text: Received, context: RunContext) -> Place:
    """Where a message arrived."""
    known = (*context.openings, *context.notices)
    openings = (beginning for beginning in known if text.body.startswith(beginning))
    return Place(text.phone, text.peer, next(openings, text.body))
