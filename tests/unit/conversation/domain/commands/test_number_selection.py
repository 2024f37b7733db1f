"""Which masked number a conversation gets."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.commands.core.change import RouteClaim
from conversation_service.domain.commands.core.number_selection import (
    ANY_NUMBER,
    NumberSelection,
    route_claims,
    select_number,
)
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.errors import (
    AlreadyInConversation,
    ConversationError,
    NoNumberAvailable,
    NumberCooling,
    NumberNotActive,
    UnknownMaskedNumber,
)
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import MaskedNumber, NumberPreference, NumberState, Pool
from support.conversations import ALICE, BOB, CAROL, route
from support.decisions import ACTIVE, ENDED, MOMENT, NOW, WAITING, pool_with, snapshot_of

FIRST, SECOND, THIRD = "+12065550100", "+12065550101", "+13605550102"
PAIR = (ALICE, BOB)
COOL_OFF = timedelta(minutes=3)
STICKY, CHANGING = NumberPreference.PREFER_STICKY, NumberPreference.AVOID_STICKY


def numbers(
    *, reserved: Sequence[str] = (), draining: Sequence[str] = ()
) -> tuple[MaskedNumber, ...]:
    states = {True: NumberState.DRAINING, False: NumberState.ACTIVE}
    return tuple(
        MaskedNumber(number, states[number in draining], number in reserved)
        for number in (FIRST, SECOND, THIRD)
    )


POOL = pool_with(numbers=numbers())


def on(masked_number: str, conversation: Conversation = ACTIVE) -> Conversation:
    return replace(conversation, masked_number=masked_number, conversation_id=masked_number)


def selected(
    *conversations: Conversation,
    people: Sequence[Person] = PAIR,
    selection: NumberSelection = ANY_NUMBER,
    pool: Pool = POOL,
    last: str = "",
    loads: dict[str, int] | None = None,
) -> str:
    snapshot = snapshot_of(*conversations, pool=pool, last_number=last, live_counts=loads or {})
    return select_number(snapshot, people, selection)


def test_the_first_number_of_the_pool_is_the_default() -> None:
    assert selected() == FIRST
    assert selected(pool=replace(POOL, numbers=POOL.numbers[::-1])) == THIRD


@pytest.mark.parametrize("people", [(ALICE,), (BOB,), (CAROL, BOB), (ALICE, CAROL), PAIR])
def test_a_number_with_a_live_conversation_of_any_of_them_is_not_selected(
    people: Sequence[Person],
) -> None:
    assert selected(on(FIRST), people=people) == SECOND
    assert selected(on(FIRST), on(SECOND), people=people) == THIRD


def test_a_number_with_live_conversations_of_others_is_selected() -> None:
    assert selected(on(FIRST), people=(CAROL,)) == FIRST
    assert selected(on(FIRST, WAITING), people=(BOB, CAROL)) == FIRST


def test_a_cooling_number_is_selected_for_the_same_two_only() -> None:
    assert selected(on(FIRST, ENDED)) == FIRST
    assert selected(on(FIRST, ENDED), people=(BOB, ALICE)) == FIRST
    assert selected(on(FIRST, ENDED), people=(ALICE,)) == SECOND
    assert selected(on(FIRST, ENDED), people=(CAROL, BOB)) == SECOND


def test_only_an_ended_conversation_is_cooling() -> None:
    assert snapshot_of(ACTIVE).cooling(route(ALICE)) is None
    assert snapshot_of(ENDED).cooling(route(ALICE)) == ENDED


def test_the_cool_off_lasts_as_long_as_the_pool_says() -> None:
    cooling = snapshot_of(on(FIRST, ENDED), pool=POOL, now=NOW + COOL_OFF - MOMENT)
    assert select_number(cooling, (ALICE,), ANY_NUMBER) == SECOND
    cooled = replace(cooling, now=NOW + COOL_OFF)
    assert select_number(cooled, (ALICE,), ANY_NUMBER) == FIRST


@pytest.mark.parametrize(
    ("of_pool", "requested", "expected"),
    [
        (STICKY, None, SECOND),
        (CHANGING, None, FIRST),
        (STICKY, CHANGING, FIRST),
        (CHANGING, STICKY, SECOND),
    ],
)
def test_a_pair_gets_its_last_number_by_the_preference_of_the_request_or_pool(
    of_pool: NumberPreference, requested: NumberPreference | None, expected: str
) -> None:
    pool = pool_with(numbers=POOL.numbers, number_preference=of_pool)
    selection = NumberSelection(preference=requested)
    # Numbers are used so that the preference decides.
    loads = {FIRST: 9, THIRD: 9} if expected == SECOND else {FIRST: 9, THIRD: 99}
    assert selected(pool=pool, selection=selection, last=SECOND, loads=loads) == expected


def test_a_preference_about_the_last_number_is_not_a_condition() -> None:
    selection = NumberSelection(preference=CHANGING)
    assert selected(on(FIRST), on(SECOND), selection=selection, last=THIRD) == THIRD
    assert selected(on(SECOND), last=SECOND) == FIRST


def test_a_number_of_the_area_is_preferred_if_one_is_free() -> None:
    area = NumberSelection(area_code="360")
    assert selected(selection=area, loads={THIRD: 9}) == THIRD
    assert selected(on(THIRD), selection=area) == FIRST
    assert selected(selection=NumberSelection(area_code="999")) == FIRST
    abroad = replace(POOL, numbers=(*POOL.numbers, MaskedNumber("+49305550111")))
    assert selected(pool=abroad) == FIRST


def test_the_pairs_last_number_is_preferred_to_the_area() -> None:
    assert selected(selection=NumberSelection(area_code="360"), last=SECOND) == SECOND


def test_the_least_used_number_is_selected_and_of_equals_the_first() -> None:
    assert selected(loads={FIRST: 2, SECOND: 1, THIRD: 3}) == SECOND
    assert selected(loads={FIRST: 2, SECOND: 1, THIRD: 1}) == SECOND
    assert selected(loads={FIRST: 1, SECOND: 1}) == THIRD


def test_a_reserved_number_is_selected_only_on_request() -> None:
    pool = pool_with(numbers=numbers(reserved=[FIRST]))
    assert selected(pool=pool) == SECOND
    assert selected(pool=pool, selection=NumberSelection(allows_reserved=True)) == FIRST
    assert selected(pool=pool, selection=NumberSelection(masked_number=FIRST)) == FIRST


def test_a_draining_number_is_never_selected() -> None:
    pool = pool_with(numbers=numbers(draining=[FIRST]))
    assert selected(pool=pool) == SECOND
    assert (
        selected(pool=pool, selection=NumberSelection(allows_reserved=True), last=FIRST) == SECOND
    )


@pytest.mark.parametrize(
    "snapshot",
    [
        snapshot_of(pool=pool_with(numbers=())),
        snapshot_of(pool=pool_with(numbers=numbers(reserved=[FIRST], draining=[SECOND, THIRD]))),
        snapshot_of(on(FIRST), on(SECOND, ENDED), on(THIRD, WAITING), pool=POOL),
    ],
)
def test_a_pool_without_a_free_number_refuses(snapshot: Snapshot) -> None:
    with pytest.raises(NoNumberAvailable) as refusal:
        select_number(snapshot, (ALICE,), ANY_NUMBER)
    assert refusal.value.metadata == {"pool": "main"}


@pytest.mark.parametrize(
    ("snapshot", "requested", "refusal"),
    [
        (snapshot_of(pool=POOL), "+12065550199", UnknownMaskedNumber),
        (snapshot_of(pool=pool_with(numbers=numbers(draining=[FIRST]))), FIRST, NumberNotActive),
        (snapshot_of(on(FIRST), pool=POOL), FIRST, AlreadyInConversation),
        (snapshot_of(on(FIRST, WAITING), pool=POOL), FIRST, AlreadyInConversation),
        (snapshot_of(on(FIRST, ENDED), pool=POOL), FIRST, NumberCooling),
    ],
)
@pytest.mark.parametrize("people", [(ALICE,), (CAROL, ALICE)])
def test_a_requested_number_that_is_not_free_is_refused_with_the_reason(
    snapshot: Snapshot, requested: str, refusal: type[ConversationError], people: Sequence[Person]
) -> None:
    with pytest.raises(refusal):
        select_number(snapshot, people, NumberSelection(masked_number=requested))


def test_a_requested_number_is_selected_in_spite_of_all_preferences() -> None:
    requested = NumberSelection(masked_number=THIRD, area_code="206", preference=CHANGING)
    assert selected(selection=requested, last=THIRD, loads={THIRD: 9}) == THIRD
    assert selected(on(THIRD, ENDED), selection=requested) == THIRD


def test_a_conversation_claims_its_routes_from_the_conversations_that_it_replaces() -> None:
    taken = route_claims(snapshot_of(on(FIRST, ENDED), pool=POOL), FIRST, (ALICE, CAROL))
    assert taken == (RouteClaim(route(ALICE, FIRST), FIRST), RouteClaim(route(CAROL, FIRST)))


def test_every_field_of_a_selection_is_part_of_the_idempotency_key() -> None:
    selections = [
        NumberSelection(),
        NumberSelection(masked_number=FIRST),
        NumberSelection(preference=STICKY),
        NumberSelection(preference=CHANGING),
        NumberSelection(area_code="206"),
        NumberSelection(allows_reserved=True),
    ]
    assert len({selection.fields for selection in selections}) == len(selections)
