"""Which masked number a conversation gets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from conversation_service.domain.commands.core.change import RouteClaim
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.errors import (
    AlreadyInConversation,
    NoNumberAvailable,
    NumberCooling,
    NumberNotActive,
    UnknownMaskedNumber,
)
from conversation_service.domain.model.participants import Person, Route, area_code
from conversation_service.domain.model.pool import MaskedNumber, NumberPreference


@dataclass(frozen=True, slots=True)
class NumberSelection:
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


ANY_NUMBER = NumberSelection()


def select_number(facts: Snapshot, people: Sequence[Person], selection: NumberSelection) -> str:
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
    return min(free, key=lambda one: _preference(facts, selection, *one))[1].phone_number


def route_claims(
    facts: Snapshot, masked_number: str, people: Sequence[Person]
) -> tuple[RouteClaim, ...]:
    """The lines that a conversation of these people takes."""
    lines = (Route(masked_number, person) for person in people)
    return tuple(RouteClaim(line, facts.current_conversation_id(line)) for line in lines)


def is_cooling_for_others(facts: Snapshot, line: Route, people: Sequence[Person]) -> bool:
    """Whether something ended on a line so lately that these people may not have its number."""
    found = facts.on_route(line)
    is_their_own = found is not None and set(found.participants) == set(people)
    return facts.cool_off_left(line) > timedelta(0) and not is_their_own


def _named(facts: Snapshot, people: Sequence[Person], masked_number: str) -> str:
    number = facts.pool.number(masked_number)
    if number is None:
        raise UnknownMaskedNumber
    if not number.accepts_new:
        raise NumberNotActive
    lines = [Route(masked_number, person) for person in people]
    if any(facts.live(line) for line in lines):
        raise AlreadyInConversation
    if any(is_cooling_for_others(facts, line, people) for line in lines):
        raise NumberCooling
    return masked_number


def _may_be_given(number: MaskedNumber, selection: NumberSelection) -> bool:
    return number.accepts_new and (selection.allows_reserved or not number.is_reserved)


def _is_free(facts: Snapshot, people: Sequence[Person], masked_number: str) -> bool:
    lines = [Route(masked_number, person) for person in people]
    return not any(facts.live(line) or is_cooling_for_others(facts, line, people) for line in lines)


def _preference(
    facts: Snapshot, selection: NumberSelection, place: int, number: MaskedNumber
) -> tuple[bool, bool, int, int]:
    """Lower is better: the pair's preference, then the area code, then the least used number."""
    name = number.phone_number
    preference = selection.preference or facts.pool.settings.number_preference
    is_last = name == facts.last_number
    disliked = is_last if preference is NumberPreference.AVOID_STICKY else not is_last
    elsewhere = bool(selection.area_code) and area_code(name) != selection.area_code
    return (disliked, elsewhere, facts.loads.get(name, 0), place)
