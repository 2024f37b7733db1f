"""Which masked number a conversation is given."""

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
from support.conversations import ALICE, BOB, CAROL, line
from support.decisions import ACTIVE, ENDED, MOMENT, NOW, WAITING, facts, pool_with

FIRST, SECOND, THIRD = "+12065550100", "+12065550101", "+13605550102"
PAIR = (ALICE, BOB)
COOL_OFF = timedelta(minutes=3)
STICKY, CHANGING = NumberPreference.PREFER_STICKY, NumberPreference.AVOID_STICKY


def numbers(
    *, reserved: Sequence[str] = (), draining: Sequence[str] = ()
) -> tuple[MaskedNumber, ...]:
    states = {True: NumberState.DRAINING, False: NumberState.ACTIVE}
    return tuple(
        MaskedNumber(one, states[one in draining], one in reserved)
        for one in (FIRST, SECOND, THIRD)
    )


POOL = pool_with(numbers=numbers())


def on(masked_number: str, conversation: Conversation = ACTIVE) -> Conversation:
    return replace(conversation, masked_number=masked_number, conversation_id=masked_number)


def given(
    *known: Conversation,
    people: Sequence[Person] = PAIR,
    selection: NumberSelection = ANY_NUMBER,
    pool: Pool = POOL,
    last: str = "",
    loads: dict[str, int] | None = None,
) -> str:
    """The number that people are given."""
    asked = facts(*known, pool=pool, last_number=last, loads=loads or {})
    return select_number(asked, people, selection)


def test_the_first_number_of_the_pool_is_given_if_nothing_speaks_for_another() -> None:
    assert given() == FIRST
    assert given(pool=replace(POOL, numbers=POOL.numbers[::-1])) == THIRD


@pytest.mark.parametrize("people", [(ALICE,), (BOB,), (CAROL, BOB), (ALICE, CAROL), PAIR])
def test_a_number_on_which_somebody_talks_is_not_given(people: Sequence[Person]) -> None:
    assert given(on(FIRST), people=people) == SECOND
    assert given(on(FIRST), on(SECOND), people=people) == THIRD


def test_a_number_on_which_others_talk_is_given() -> None:
    assert given(on(FIRST), people=(CAROL,)) == FIRST
    assert given(on(FIRST, WAITING), people=(BOB, CAROL)) == FIRST


@pytest.mark.parametrize("people", [(ALICE,), (BOB,), (CAROL, BOB), (ALICE, CAROL)])
def test_a_number_that_rests_is_given_to_neither_of_the_two_with_somebody_else(
    people: Sequence[Person],
) -> None:
    assert given(on(FIRST, ENDED), people=people) == SECOND


def test_a_number_that_rests_is_given_to_the_same_two_again() -> None:
    assert given(on(FIRST, ENDED)) == FIRST
    assert given(on(FIRST, ENDED), people=(BOB, ALICE)) == FIRST


def test_no_number_rests_while_its_conversation_lives() -> None:
    assert facts(ACTIVE).cooling(line(ALICE)) is None
    assert facts(ENDED).cooling(line(ALICE)) == ENDED


def test_a_number_rests_no_longer_than_the_pool_says() -> None:
    resting = facts(on(FIRST, ENDED), pool=POOL, now=NOW + COOL_OFF - MOMENT)
    assert select_number(resting, (ALICE,), ANY_NUMBER) == SECOND
    rested = replace(resting, now=NOW + COOL_OFF)
    assert select_number(rested, (ALICE,), ANY_NUMBER) == FIRST


@pytest.mark.parametrize(
    ("pools", "asked", "expected"),
    [
        (STICKY, None, SECOND),
        (CHANGING, None, FIRST),
        (STICKY, CHANGING, FIRST),
        (CHANGING, STICKY, SECOND),
    ],
)
def test_a_pair_is_given_its_last_number_again_or_just_not_that_one(
    pools: NumberPreference, asked: NumberPreference | None, expected: str
) -> None:
    pool = pool_with(numbers=POOL.numbers, number_preference=pools)
    selection = NumberSelection(preference=asked)
    # The other number is used more, so that nothing else speaks for what is expected.
    loads = {FIRST: 9, THIRD: 9} if expected == SECOND else {FIRST: 9, THIRD: 99}
    assert given(pool=pool, selection=selection, last=SECOND, loads=loads) == expected


def test_a_pair_is_given_its_last_number_if_there_is_no_other() -> None:
    selection = NumberSelection(preference=CHANGING)
    assert given(on(FIRST), on(SECOND), selection=selection, last=THIRD) == THIRD


def test_a_pair_is_not_given_its_last_number_where_it_cannot_be() -> None:
    assert given(on(SECOND), last=SECOND) == FIRST


def test_a_number_of_the_area_is_given_if_one_is_free() -> None:
    asked = NumberSelection(area_code="360")
    assert given(selection=asked, loads={THIRD: 9}) == THIRD
    assert given(on(THIRD), selection=asked) == FIRST
    assert given(selection=NumberSelection(area_code="999")) == FIRST


def test_where_no_area_is_asked_for_all_numbers_are_equal() -> None:
    abroad = replace(POOL, numbers=(*POOL.numbers, MaskedNumber("+49305550111")))
    assert given(pool=abroad) == FIRST


def test_the_pairs_last_number_comes_before_the_area() -> None:
    assert given(selection=NumberSelection(area_code="360"), last=SECOND) == SECOND


def test_the_least_used_number_is_given_and_of_equals_the_first() -> None:
    assert given(loads={FIRST: 2, SECOND: 1, THIRD: 3}) == SECOND
    assert given(loads={FIRST: 2, SECOND: 1, THIRD: 1}) == SECOND
    assert given(loads={FIRST: 1, SECOND: 1}) == THIRD


def test_a_reserved_number_is_given_only_on_request() -> None:
    pool = pool_with(numbers=numbers(reserved=[FIRST]))
    assert given(pool=pool) == SECOND
    assert given(pool=pool, selection=NumberSelection(allows_reserved=True)) == FIRST
    assert given(pool=pool, selection=NumberSelection(masked_number=FIRST)) == FIRST


def test_a_number_that_drains_is_given_to_nobody() -> None:
    pool = pool_with(numbers=numbers(draining=[FIRST]))
    assert given(pool=pool) == SECOND
    assert given(pool=pool, selection=NumberSelection(allows_reserved=True), last=FIRST) == SECOND


@pytest.mark.parametrize(
    "known",
    [
        facts(pool=pool_with(numbers=())),
        facts(pool=pool_with(numbers=numbers(reserved=[FIRST], draining=[SECOND, THIRD]))),
        facts(on(FIRST), on(SECOND, ENDED), on(THIRD, WAITING), pool=POOL),
    ],
)
def test_where_no_number_is_left_that_is_said(known: Snapshot) -> None:
    with pytest.raises(NoNumberAvailable) as refusal:
        select_number(known, (ALICE,), ANY_NUMBER)
    assert refusal.value.metadata == {"pool": "main"}


@pytest.mark.parametrize(
    ("known", "named", "refusal"),
    [
        (facts(pool=POOL), "+12065550199", UnknownMaskedNumber),
        (facts(pool=pool_with(numbers=numbers(draining=[FIRST]))), FIRST, NumberNotActive),
        (facts(on(FIRST), pool=POOL), FIRST, AlreadyInConversation),
        (facts(on(FIRST, WAITING), pool=POOL), FIRST, AlreadyInConversation),
        (facts(on(FIRST, ENDED), pool=POOL), FIRST, NumberCooling),
    ],
)
@pytest.mark.parametrize("people", [(ALICE,), (CAROL, ALICE)])
def test_a_named_number_that_cannot_be_given_is_refused_with_the_reason(
    known: Snapshot, named: str, refusal: type[ConversationError], people: Sequence[Person]
) -> None:
    with pytest.raises(refusal):
        select_number(known, people, NumberSelection(masked_number=named))


def test_a_named_number_is_given_whatever_else_would_be_better() -> None:
    named = NumberSelection(masked_number=THIRD, area_code="206", preference=CHANGING)
    assert given(selection=named, last=THIRD, loads={THIRD: 9}) == THIRD
    assert given(on(THIRD, ENDED), selection=named) == THIRD


def test_a_conversation_claims_the_lines_of_its_people_and_names_what_it_replaces() -> None:
    taken = route_claims(facts(on(FIRST, ENDED), pool=POOL), FIRST, (ALICE, CAROL))
    assert taken == (RouteClaim(line(ALICE, FIRST), FIRST), RouteClaim(line(CAROL, FIRST)))


def test_a_selection_is_told_apart_by_all_that_is_asked() -> None:
    asked = [
        NumberSelection(),
        NumberSelection(masked_number=FIRST),
        NumberSelection(preference=STICKY),
        NumberSelection(preference=CHANGING),
        NumberSelection(area_code="206"),
        NumberSelection(allows_reserved=True),
    ]
    assert len({one.fields for one in asked}) == len(asked)
