"""Which masked number a conversation gets."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain import errors
from conversation_service.domain.commands.core.change import RouteClaim
from conversation_service.domain.commands.core.number_selection import (
    ANY_NUMBER,
    NumberSelection,
    route_claims,
    select_number,
)
from conversation_service.domain.commands.core.snapshot import Snapshot
from conversation_service.domain.model.conversation import Conversation
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import MaskedNumber, NumberPreference, NumberState, Pool
from support.builders.conversations import ALICE, BOB, CAROL, route
from support.builders.decisions import ACTIVE, ENDED, MOMENT, NOW, WAITING, pool_with, snapshot_of

FIRST, SECOND, THIRD = "+12065550100", "+12065550101", "+13605550102"
PAIR = (ALICE, BOB)
COOL_OFF = timedelta(minutes=3)
STICKY, CHANGING = NumberPreference.PREFER_STICKY, NumberPreference.AVOID_STICKY
AREA = NumberSelection(area_code="360")


def pool_of(
    reserved: Sequence[str] = (),
    draining: Sequence[str] = (),
    settings: Mapping[str, NumberPreference] | None = None,
) -> Pool:
    states = {True: NumberState.DRAINING, False: NumberState.ACTIVE}
    numbers = tuple(
        MaskedNumber(number, states[number in draining], number in reserved)
        for number in (FIRST, SECOND, THIRD)
    )
    return pool_with(settings, numbers=numbers)


POOL = pool_of()


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


def test_a_number_with_a_live_conversation_of_any_of_them_is_not_selected() -> None:
    for people in ((ALICE,), (BOB,), (CAROL, BOB), (ALICE, CAROL), PAIR):
        assert selected(on(FIRST), people=people) == SECOND
        assert selected(on(FIRST), on(SECOND), people=people) == THIRD
    assert selected(on(FIRST), people=(CAROL,)) == FIRST
    assert selected(on(FIRST, WAITING), people=(BOB, CAROL)) == FIRST


def test_a_cooling_number_is_selected_for_the_same_two_only() -> None:
    for people, number in (
        ((ALICE, BOB), FIRST),
        ((BOB, ALICE), FIRST),
        ((ALICE,), SECOND),
        ((CAROL, BOB), SECOND),
    ):
        assert selected(on(FIRST, ENDED), people=people) == number
    assert snapshot_of(ACTIVE).cooling(route(ALICE)) is None
    assert snapshot_of(ENDED).cooling(route(ALICE)) == ENDED


def test_a_number_that_the_carrier_blocks_for_one_of_them_is_not_selected() -> None:
    blocked = {route(ALICE, FIRST): True, route(BOB, SECOND): True, route(CAROL, FIRST): False}
    snapshot = snapshot_of(pool=POOL, carrier_blocks=blocked)
    for people, number in (((ALICE,), SECOND), ((BOB,), FIRST), (PAIR, THIRD), ((CAROL,), FIRST)):
        assert select_number(snapshot, people, ANY_NUMBER) == number
    all_blocked = {route(BOB, number): True for number in POOL.masked_numbers}
    with pytest.raises(errors.NoNumberAvailable):
        select_number(snapshot_of(pool=POOL, carrier_blocks=all_blocked), PAIR, ANY_NUMBER)


def test_the_cool_off_lasts_as_long_as_the_pool_says() -> None:
    for now, number in ((NOW + COOL_OFF - MOMENT, SECOND), (NOW + COOL_OFF, FIRST)):
        snapshot = snapshot_of(on(FIRST, ENDED), pool=POOL, now=now)
        assert select_number(snapshot, (ALICE,), ANY_NUMBER) == number


def test_a_pair_gets_its_last_number_by_the_preference_of_the_request_or_pool() -> None:
    for of_pool, requested, expected in (
        (STICKY, None, SECOND),
        (CHANGING, None, FIRST),
        (STICKY, CHANGING, FIRST),
        (CHANGING, STICKY, SECOND),
    ):
        pool = pool_of(settings={"relay.number_preference": of_pool})
        selection = NumberSelection(preference=requested)
        # Numbers are used so that the preference decides.
        loads = {FIRST: 9, THIRD: 9} if expected == SECOND else {FIRST: 9, THIRD: 99}
        assert selected(pool=pool, selection=selection, last=SECOND, loads=loads) == expected


def test_a_preference_about_the_last_number_is_not_a_condition() -> None:
    selection = NumberSelection(preference=CHANGING)
    assert selected(on(FIRST), on(SECOND), selection=selection, last=THIRD) == THIRD
    assert selected(on(SECOND), last=SECOND) == FIRST


def test_a_number_of_the_area_is_preferred_if_one_is_free_and_there_is_no_last_number() -> None:
    assert selected(selection=AREA, loads={THIRD: 9}) == THIRD
    assert selected(on(THIRD), selection=AREA) == FIRST
    assert selected(selection=NumberSelection(area_code="999")) == FIRST
    assert selected(selection=AREA, last=SECOND) == SECOND
    abroad = replace(POOL, numbers=(*POOL.numbers, MaskedNumber("+49305550111")))
    assert selected(pool=abroad) == FIRST


def test_the_least_used_number_is_selected_and_of_equals_the_first() -> None:
    assert selected(loads={FIRST: 2, SECOND: 1, THIRD: 3}) == SECOND
    assert selected(loads={FIRST: 2, SECOND: 1, THIRD: 1}) == SECOND
    assert selected(loads={FIRST: 1, SECOND: 1}) == THIRD


def test_a_reserved_number_is_selected_only_on_request_and_a_draining_one_never() -> None:
    pool, reserved = pool_of(reserved=[FIRST]), NumberSelection(allow_reserved=True)
    assert selected(pool=pool) == SECOND
    assert selected(pool=pool, selection=reserved) == FIRST
    assert selected(pool=pool, selection=NumberSelection(masked_number=FIRST)) == FIRST
    pool = pool_of(draining=[FIRST])
    assert selected(pool=pool) == selected(pool=pool, selection=reserved, last=FIRST) == SECOND


def test_a_pool_without_a_free_number_refuses() -> None:
    for snapshot in (
        snapshot_of(pool=pool_with(numbers=())),
        snapshot_of(pool=pool_of([FIRST], [SECOND, THIRD])),
        snapshot_of(on(FIRST), on(SECOND, ENDED), on(THIRD, WAITING), pool=POOL),
    ):
        with pytest.raises(errors.NoNumberAvailable) as refusal:
            select_number(snapshot, (ALICE,), ANY_NUMBER)
        assert refusal.value.metadata == {"pool_id": "main"}


@pytest.mark.parametrize(
    ("snapshot", "number", "refusal"),
    [
        (snapshot_of(pool=POOL), "+12065550199", errors.MaskedNumberNotFound),
        (snapshot_of(pool=pool_of(draining=[FIRST])), FIRST, errors.MaskedNumberNotActive),
        (
            snapshot_of(pool=POOL, carrier_blocks={route(ALICE, FIRST): True}),
            FIRST,
            errors.MaskedNumberBlockedAtCarrier,
        ),
        (snapshot_of(on(FIRST), pool=POOL), FIRST, errors.AlreadyInConversation),
        (snapshot_of(on(FIRST, WAITING), pool=POOL), FIRST, errors.AlreadyInConversation),
        (snapshot_of(on(FIRST, ENDED), pool=POOL), FIRST, errors.MaskedNumberCooling),
    ],
)
def test_a_requested_number_that_is_not_free_is_refused_with_the_reason(
    snapshot: Snapshot, number: str, refusal: type[errors.ConversationError]
) -> None:
    for people in ((ALICE,), (CAROL, ALICE)):
        with pytest.raises(refusal):
            select_number(snapshot, people, NumberSelection(masked_number=number))


def test_a_requested_number_is_selected_in_spite_of_all_preferences() -> None:
    requested = NumberSelection(masked_number=THIRD, area_code="206", preference=CHANGING)
    assert selected(selection=requested, last=THIRD, loads={THIRD: 9}) == THIRD
    assert selected(on(THIRD, ENDED), selection=requested) == THIRD


def test_a_conversation_claims_its_routes_from_the_conversations_that_it_replaces() -> None:
    taken = route_claims(snapshot_of(on(FIRST, ENDED), pool=POOL), FIRST, (ALICE, CAROL))
    assert taken == (RouteClaim(route(ALICE, FIRST), FIRST), RouteClaim(route(CAROL, FIRST)))


def test_every_field_of_a_selection_is_part_of_the_idempotency_key() -> None:
    selections = [NumberSelection(), AREA, NumberSelection(masked_number=FIRST)]
    selections += [NumberSelection(preference=STICKY), NumberSelection(preference=CHANGING)]
    selections.append(NumberSelection(allow_reserved=True))
    assert len({selection.fields for selection in selections}) == len(selections)
