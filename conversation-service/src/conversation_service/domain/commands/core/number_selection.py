"""Which masked number a conversation gets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from conversation_service.domain.commands.core.change import Claim
from conversation_service.domain.commands.core.snapshot import Facts
from conversation_service.domain.errors import (
    AlreadyInConversation,
    NoNumberAvailable,
    NumberCooling,
    NumberNotActive,
    UnknownMaskedNumber,
)
from conversation_service.domain.model.participants import Line, Person, area_code
from conversation_service.domain.model.pool import MaskedNumber, NumberPreference


@dataclass(frozen=True, slots=True)
class Selection:
    """What a client asks of the choice: a certain number, or what it should be like."""

    masked_number: str = ""
    preference: NumberPreference | None = None
    area_code: str = ""
    allows_reserved: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """All of it, in a fixed order."""
        preference = self.preference.value if self.preference else ""
        return (self.masked_number, preference, self.area_code, str(self.allows_reserved))


ANY_NUMBER = Selection()


def choose(facts: Facts, people: Sequence[Person], selection: Selection) -> str:
    """A number on which none of these people has a live or cooling conversation.

    Two people whose own conversation has just ended may have its number again. Raises
    UnknownMaskedNumber, NumberNotActive, AlreadyInConversation, NumberCooling, NoNumberAvailable.
    """
    if selection.masked_number:
        return _named(facts, people, selection.masked_number)
    free = [
        (place, number)
        for place, number in enumerate(facts.pool.numbers)
        if _may_be_given(number, selection) and _is_free(facts, people, number.phone_number)
    ]
    if not free:
        raise NoNumberAvailable(facts.pool.name)
    return min(free, key=lambda one: _rank(facts, selection, *one))[1].phone_number


def claims(facts: Facts, masked_number: str, people: Sequence[Person]) -> tuple[Claim, ...]:
    """The lines that a conversation of these people takes."""
    lines = (Line(masked_number, person) for person in people)
    return tuple(Claim(line, facts.occupant_id(line)) for line in lines)


def is_cooling_for(facts: Facts, line: Line, people: Sequence[Person]) -> bool:
    """Whether something ended on a line so lately that these people may not have its number."""
    found = facts.lines.get(line)
    is_their_own = found is not None and set(found.participants) == set(people)
    return facts.cools(line) > timedelta(0) and not is_their_own


def _named(facts: Facts, people: Sequence[Person], masked_number: str) -> str:
    number = facts.pool.number(masked_number)
    if number is None:
        raise UnknownMaskedNumber
    if not number.takes_new:
        raise NumberNotActive
    lines = [Line(masked_number, person) for person in people]
    if any(facts.live(line) for line in lines):
        raise AlreadyInConversation
    if any(is_cooling_for(facts, line, people) for line in lines):
        raise NumberCooling
    return masked_number


def _may_be_given(number: MaskedNumber, selection: Selection) -> bool:
    return number.takes_new and (selection.allows_reserved or not number.is_reserved)


def _is_free(facts: Facts, people: Sequence[Person], masked_number: str) -> bool:
    lines = [Line(masked_number, person) for person in people]
    return not any(facts.live(line) or is_cooling_for(facts, line, people) for line in lines)


def _rank(
    facts: Facts, selection: Selection, place: int, number: MaskedNumber
) -> tuple[bool, bool, int, int]:
    """Lower is better: the pair's preference, then the area code, then the least used number."""
    name = number.phone_number
    preference = selection.preference or facts.pool.settings.number_preference
    is_last = name == facts.last_number
    disliked = is_last if preference is NumberPreference.AVOID_STICKY else not is_last
    elsewhere = bool(selection.area_code) and area_code(name) != selection.area_code
    return (disliked, elsewhere, facts.loads.get(name, 0), place)
