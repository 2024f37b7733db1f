"""What operators change about a pool."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import Command
from conversation_service.domain.commands.core.snapshot import ReadSet, Snapshot
from conversation_service.domain.commands.operator.pools import (
    NUMBERS_LIMIT,
    AddNumber,
    CreatePool,
    DrainNumber,
    RemoveNumber,
    ReseedPool,
    UpdatePool,
)
from conversation_service.domain.errors import (
    ConversationError,
    InvalidArgument,
    NumberInUse,
    PoolExists,
    PoolFull,
    PoolNotFound,
    UnknownMaskedNumber,
)
from conversation_service.domain.model.pool import MaskedNumber, NumberState, Pool, PoolSettings
from support.conversations import MASKED, NUMBERS, OTHER_MASKED, POOL, SETTINGS
from support.decisions import facts, happened

UNBORN = Pool("main", SETTINGS)
SEEDED = replace(POOL, is_seeded=True)
THIRD = MaskedNumber("+12065550102")
OTHER_SETTINGS = replace(SETTINGS, operator="Other exchange", lifetime=timedelta(days=30))
WRONG_SETTINGS = replace(SETTINGS, operator="", code_lifetime=timedelta(0))
HUNDREDS = range(301, 301 + NUMBERS_LIMIT // 100)
FULL = replace(
    POOL,
    numbers=tuple(MaskedNumber(f"+1{area}55501{at:02}") for area in HUNDREDS for at in range(100)),
)

CREATE = CreatePool("r", SETTINGS, NUMBERS)
ADD = AddNumber("r", THIRD)
DRAIN, REMOVE = DrainNumber("r", MASKED), RemoveNumber("r", MASKED)


def decided(intent: Command, pool: Pool = SEEDED, loads: Mapping[str, int] | None = None) -> Pool:
    """The pool afterwards."""
    change = intent.decide(facts(pool=pool, loads=loads or {}))
    guarded = MASKED if intent == REMOVE else ""
    assert change == Change(pool=change.pool, events=change.events, unless_live_on=guarded)
    assert change.pool is not None
    return change.pool


def drained(number: MaskedNumber) -> MaskedNumber:
    return replace(number, state=NumberState.DRAINING)


def test_a_pool_is_created_as_asked_for() -> None:
    numbers = (NUMBERS[0], MaskedNumber(OTHER_MASKED, is_reserved=True))
    created = decided(CreatePool("r", OTHER_SETTINGS, numbers), UNBORN)
    assert created == Pool("main", OTHER_SETTINGS, numbers, version="change")
    assert not created.is_seeded
    assert decided(replace(CREATE, is_seed=True), UNBORN).is_seeded


def test_a_pool_that_is_there_is_not_created_again() -> None:
    with pytest.raises(PoolExists) as refusal:
        CREATE.decide(facts(pool=POOL))
    assert refusal.value.metadata == {"pool": "main"}


def test_a_pool_has_no_more_numbers_than_the_limit() -> None:
    assert len(decided(CreatePool("r", SETTINGS, FULL.numbers), UNBORN).numbers) == NUMBERS_LIMIT
    with pytest.raises(PoolFull):
        CreatePool("r", SETTINGS, (*FULL.numbers, THIRD)).decide(facts(pool=UNBORN))
    with pytest.raises(PoolFull):
        ADD.decide(facts(pool=FULL))
    with pytest.raises(PoolFull):
        # What the file lists no more is drained, and still there.
        ReseedPool("r", SETTINGS, (THIRD,)).decide(facts(pool=replace(FULL, is_seeded=True)))
    added_again = AddNumber("r", replace(FULL.numbers[7], is_reserved=True))
    assert decided(added_again, FULL).numbers[7].is_reserved


@pytest.mark.parametrize(
    ("intent", "pool"),
    [
        (replace(CREATE, settings=WRONG_SETTINGS), UNBORN),
        (UpdatePool("r", WRONG_SETTINGS, ("operator", "code_lifetime")), POOL),
    ],
)
def test_settings_that_break_rules_are_refused_with_every_violation(
    intent: Command, pool: Pool
) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        intent.decide(facts(pool=pool))
    assert [one.field for one in refusal.value.violations] == ["operator", "code_lifetime"]


def test_settings_are_judged_together_with_those_that_stay() -> None:
    lead = replace(SETTINGS, warning_lead=timedelta(days=8))
    with pytest.raises(InvalidArgument):
        UpdatePool("r", lead, ("warning_lead",)).decide(facts(pool=POOL))
    longer = replace(lead, idle_lifetime=timedelta(days=9))
    both = UpdatePool("r", longer, ("warning_lead", "idle_lifetime"))
    assert decided(both).settings == longer


def test_only_the_fields_that_are_named_are_changed() -> None:
    changed = decided(UpdatePool("r", OTHER_SETTINGS, ("lifetime",)))
    assert changed.settings == replace(SETTINGS, lifetime=OTHER_SETTINGS.lifetime)
    assert (changed.numbers, changed.version) == (NUMBERS, "change")


def test_a_field_can_have_its_default_again() -> None:
    pool = replace(POOL, settings=OTHER_SETTINGS)
    changed = decided(UpdatePool("r", PoolSettings(operator=""), ("lifetime",)), pool)
    assert changed.settings.lifetime == PoolSettings(operator="").lifetime
    assert changed.settings.operator == OTHER_SETTINGS.operator


def test_what_a_pool_says_and_understands_follows_its_settings() -> None:
    before = POOL.keywords
    changed = decided(UpdatePool("r", replace(SETTINGS, words={"start": ("go",)}), ("words",)))
    assert (before.start, changed.keywords.start) == (("start",), ("go",))


def test_a_number_is_added_last() -> None:
    assert decided(ADD).numbers == (*NUMBERS, THIRD)


def test_a_number_that_is_there_is_added_again_in_its_old_place() -> None:
    pool = replace(POOL, numbers=(drained(NUMBERS[0]), NUMBERS[1]))
    assert decided(AddNumber("r", NUMBERS[0]), pool).numbers == NUMBERS
    reserved = MaskedNumber(MASKED, is_reserved=True)
    assert decided(AddNumber("r", reserved), pool).numbers == (reserved, NUMBERS[1])


def test_a_number_is_drained_in_its_place() -> None:
    assert decided(DRAIN).numbers == (drained(NUMBERS[0]), NUMBERS[1])


def test_a_number_that_nobody_uses_is_removed() -> None:
    assert decided(REMOVE).numbers == NUMBERS[1:]
    assert decided(REMOVE, loads={OTHER_MASKED: 3}).numbers == NUMBERS[1:]
    assert decided(REMOVE, loads={MASKED: 0}).numbers == NUMBERS[1:]


def test_a_number_is_removed_only_if_none_has_begun_on_it_meanwhile() -> None:
    assert REMOVE.decide(facts(pool=POOL)).unless_live_on == MASKED


def test_a_number_with_live_conversations_is_not_removed() -> None:
    with pytest.raises(NumberInUse):
        REMOVE.decide(facts(pool=POOL, loads={MASKED: 1}))
    assert REMOVE.lookup(POOL) == ReadSet(needs_loads=True)


@pytest.mark.parametrize("intent", [UpdatePool("r", SETTINGS, ("operator",)), ADD, DRAIN, REMOVE])
def test_a_pool_that_an_operator_has_changed_is_not_as_the_file_says(intent: Command) -> None:
    assert SEEDED.is_seeded
    assert not decided(intent).is_seeded


@pytest.mark.parametrize(
    ("intent", "known", "refusal"),
    [
        *(
            (one, facts(pool=UNBORN), PoolNotFound)
            for one in (UpdatePool("r", SETTINGS, ("operator",)), ADD, DRAIN, REMOVE)
        ),
        (DrainNumber("r", THIRD.phone_number), facts(), UnknownMaskedNumber),
        (RemoveNumber("r", THIRD.phone_number), facts(), UnknownMaskedNumber),
    ],
)
def test_what_is_not_there_cannot_be_changed(
    intent: Command, known: Snapshot, refusal: type[ConversationError]
) -> None:
    with pytest.raises(refusal):
        intent.decide(known)


@pytest.mark.parametrize(
    ("intent", "pool", "event"),
    [
        (CREATE, UNBORN, "POOL_CREATED"),
        (UpdatePool("r", SETTINGS, ("operator",)), POOL, "POOL_UPDATED"),
        (ReseedPool("r", OTHER_SETTINGS, NUMBERS), SEEDED, "POOL_UPDATED"),
        (ADD, POOL, "NUMBER_ADDED"),
        (DRAIN, POOL, "NUMBER_DRAINED"),
        (REMOVE, POOL, "NUMBER_REMOVED"),
    ],
)
def test_a_change_of_a_pool_is_told_of_and_has_a_version_of_its_own(
    intent: Command, pool: Pool, event: str
) -> None:
    change = intent.decide(facts(pool=pool))
    assert happened(change) == [(event, "")]
    assert change.pool is not None
    assert change.pool.version == "change"


def test_a_changed_file_changes_a_pool_that_nobody_else_has_changed() -> None:
    changed = decided(ReseedPool("r", OTHER_SETTINGS, (*NUMBERS, THIRD)))
    assert (changed.settings, changed.numbers) == (OTHER_SETTINGS, (*NUMBERS, THIRD))
    assert changed.is_seeded


def test_a_number_that_the_file_lists_no_more_is_drained_and_one_listed_again_is_active() -> None:
    changed = decided(ReseedPool("r", SETTINGS, (THIRD, NUMBERS[1])))
    assert changed.numbers == (THIRD, NUMBERS[1], drained(NUMBERS[0]))
    assert decided(ReseedPool("r", SETTINGS, NUMBERS), changed).numbers == (
        *NUMBERS,
        drained(THIRD),
    )


def test_the_file_changes_nothing_where_nothing_is_new_or_an_operator_was_first() -> None:
    assert ReseedPool("r", SETTINGS, NUMBERS).decide(facts(pool=SEEDED)) == Change()
    drains = ReseedPool("r", SETTINGS, NUMBERS[1:])
    assert drains.decide(facts(pool=decided(drains))) == Change()
    assert ReseedPool("r", OTHER_SETTINGS, NUMBERS).decide(facts(pool=POOL)) == Change()


@pytest.mark.parametrize("intent", [CREATE, ReseedPool("r", SETTINGS, NUMBERS), ADD, DRAIN])
def test_a_change_of_a_pool_needs_to_know_nothing_but_the_pool(intent: Command) -> None:
    assert intent.lookup(POOL) == ReadSet()
