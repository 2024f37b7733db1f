"""Texts as a fault run sees them: those that must arrive, and those that did."""

from collections.abc import Sequence
from dataclasses import dataclass, field

DIGITS_OF_A_NUMBER = 10


@dataclass(frozen=True, slots=True)
class Place:
    """Who receives on which masked number, and which words: of Maskline's, how they begin."""

    phone: str
    number: str
    words: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Expected:
    """A text that must arrive, once. `cause` is the carrier's id of the text it follows from.

    Texts of one `direction` keep their order: what was accepted before another was typed comes
    first. Times are seconds of any one clock; None when nobody saw it accepted, as with a text
    that was found in the carrier's records.
    """

    cause: str
    place: Place
    direction: str = ""
    typed_at: float = 0.0
    accepted_at: float | None = None
    # Where one notice, that something was not delivered, does as well.
    excuse: Place | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A text on a phone; `at` is anything that grows with the carrier's time."""

    text_id: str
    phone: str
    peer: str
    body: str = field(repr=False)
    at: str


@dataclass(frozen=True, slots=True)
class World:
    """What may be seen, what must not be, and how Maskline's own expected texts begin."""

    masked_numbers: Sequence[str]
    phones: Sequence[str]
    openings: Sequence[str]
    # How a notice begins that something was not delivered.
    notice: str


def place_of(text: Received, world: World) -> Place:
    """Where a text arrived."""
    openings = (one for one in (*world.openings, world.notice) if text.body.startswith(one))
    return Place(text.phone, text.peer, next(openings, text.body))
