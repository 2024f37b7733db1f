"""Which masked number a conversation gets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from conversation_service.domain.commands.core.change import RouteClaim
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.errors import (
    AlreadyInConversation,
    MaskedNumberBlockedAtCarrier,
    MaskedNumberCooling,
    MaskedNumberNotActive,
    MaskedNumberNotFound,
    NoNumberAvailable,
    ParticipantOptedOut,
    UniqueNameAlreadyExists,
)
from conversation_service.domain.model.participants import Person, Route, area_code
from conversation_service.domain.model.pool import MaskedNumber, NumberPreference


@dataclass(frozen=True, slots=True)
class NumberSelection:
    """A client's wishes: one masked number, or which numbers to prefer."""

    masked_number: str = ""
    preference: NumberPreference | None = None
    area_code: str = ""
    allow_reserved: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field as text, in a fixed order, for the idempotency key."""
        preference = self.preference.value if self.preference else ""
        return (self.masked_number, preference, self.area_code, str(self.allow_reserved))


ANY_NUMBER = NumberSelection()


def select_number(snapshot: Snapshot, people: Sequence[Person], selection: NumberSelection) -> str:
    """A number on which none of these people has a live or cooling conversation.

    Nor does the carrier block it for one of them. Two people whose own conversation has just ended
    may have its number again. Raises MaskedNumberNotFound, MaskedNumberNotActive,
    MaskedNumberBlockedAtCarrier, AlreadyInConversation, MaskedNumberCooling, NoNumberAvailable.
    """
    if selection.masked_number:
        return _requested_number(snapshot, people, selection.masked_number)
    candidates = [
        (_preference(snapshot, selection, index, number), number.phone_number)
        for index, number in enumerate(snapshot.pool.numbers)
        if _may_be_given(number, selection) and _is_free(snapshot, people, number.phone_number)
    ]
    if not candidates:
        raise NoNumberAvailable(snapshot.pool.name)
    return min(candidates)[1]


def route_claims(
    snapshot: Snapshot, masked_number: str, people: Sequence[Person]
) -> tuple[RouteClaim, ...]:
    """The routes that a conversation of these people takes."""
    routes = (Route(masked_number, person) for person in people)
    return tuple(RouteClaim(route, snapshot.current_conversation_id(route)) for route in routes)


def place(index: int) -> str:
    """How an error names the participant at this index of a request or a conversation."""
    return f"participants[{index}]"


def check_not_blocked_at_carrier(snapshot: Snapshot, route: Route, participant: str) -> None:
    """Raises MaskedNumberBlockedAtCarrier, naming the participant like this."""
    if snapshot.carrier_blocks.get(route):
        raise MaskedNumberBlockedAtCarrier(participant)


def check_not_live(snapshot: Snapshot, route: Route, participant: str) -> None:
    """Raises AlreadyInConversation, naming the participant like this."""
    conversation = snapshot.live(route)
    if conversation is not None:
        raise AlreadyInConversation(participant, conversation.conversation_id)


def check_not_cooling(
    snapshot: Snapshot, route: Route, people: Sequence[Person], participant: str
) -> None:
    """Raises MaskedNumberCooling, naming the participant like this."""
    if is_cooling_for_others(snapshot, route, people):
        retry_time = snapshot.now + snapshot.cool_off_left(route)
        raise MaskedNumberCooling(participant, snapshot.current_conversation_id(route), retry_time)


def check_none_opted_out(snapshot: Snapshot, people: Sequence[Person]) -> None:
    """Raises ParticipantOptedOut for the first who has."""
    for index, person in enumerate(people):
        if person in snapshot.opt_outs:
            raise ParticipantOptedOut(place(index))


def check_name_is_free(snapshot: Snapshot, conversation_id: str = "") -> None:
    """Raises UniqueNameAlreadyExists if another live one has the read set's unique name."""
    holder = snapshot.conversation_by_name
    if holder is not None and holder.conversation_id != conversation_id:
        raise UniqueNameAlreadyExists(snapshot.pool.name, holder.conversation_id)


def is_cooling_for_others(snapshot: Snapshot, route: Route, people: Sequence[Person]) -> bool:
    """Whether a conversation of other people than these is cooling on the route."""
    cooling = snapshot.cooling(route)
    is_their_own = cooling is not None and set(cooling.participants) == set(people)
    return snapshot.cool_off_left(route) > timedelta(0) and not is_their_own


def _requested_number(snapshot: Snapshot, people: Sequence[Person], masked_number: str) -> str:
    number = snapshot.pool.number(masked_number)
    if number is None:
        raise MaskedNumberNotFound
    if not number.accepts_new:
        raise MaskedNumberNotActive
    routes = [Route(masked_number, person) for person in people]
    for index, route in enumerate(routes):
        check_not_blocked_at_carrier(snapshot, route, place(index))
    for index, route in enumerate(routes):
        check_not_live(snapshot, route, place(index))
    for index, route in enumerate(routes):
        check_not_cooling(snapshot, route, people, place(index))
    return masked_number


def _may_be_given(number: MaskedNumber, selection: NumberSelection) -> bool:
    return number.accepts_new and (selection.allow_reserved or not number.is_reserved)


def _is_free(snapshot: Snapshot, people: Sequence[Person], masked_number: str) -> bool:
    routes = [Route(masked_number, person) for person in people]
    return not any(
        snapshot.live(route)
        or snapshot.carrier_blocks.get(route)
        or is_cooling_for_others(snapshot, route, people)
        for route in routes
    )


def _preference(
    snapshot: Snapshot, selection: NumberSelection, index: int, number: MaskedNumber
) -> tuple[bool, bool, int, int]:
    """Lower is better: the pair's preference, then the area code, then the least used number."""
    phone_number = number.phone_number
    preference = selection.preference or snapshot.pool.settings.relay.number_preference
    is_last = phone_number == snapshot.last_number
    is_disliked = is_last if preference is NumberPreference.AVOID_STICKY else not is_last
    is_elsewhere = bool(selection.area_code) and area_code(phone_number) != selection.area_code
    return (is_disliked, is_elsewhere, snapshot.live_counts.get(phone_number, 0), index)
