"""Operators and the pools file change pools."""

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
from support.decisions import event_details, snapshot_of

UNCREATED = Pool("main", SETTINGS)
SEEDED = replace(POOL, is_seeded=True)
THIRD = MaskedNumber("+12065550102")
OTHER_SETTINGS = replace(SETTINGS, operator="Other exchange", lifetime=timedelta(days=30))
INVALID_SETTINGS = replace(SETTINGS, operator="", code_lifetime=timedelta(0))
HUNDREDS = range(301, 301 + NUMBERS_LIMIT // 100)
FULL = replace(
    POOL,
    numbers=tuple(MaskedNumber(f"+1{area}55501{n:02}") for area in HUNDREDS for n in range(100)),
)

CREATE = CreatePool("r", SETTINGS, NUMBERS)
ADD = AddNumber("r", THIRD)
DRAIN, REMOVE = DrainNumber("r", MASKED), RemoveNumber("r", MASKED)


def decided(command: Command, pool: Pool = SEEDED, loads: Mapping[str, int] | None = None) -> Pool:
    """The pool after a command that changes only the pool."""
    change = command.decide(snapshot_of(pool=pool, live_counts=loads or {}))
    guarded = MASKED if command == REMOVE else ""
    assert change == Change(pool=change.pool, events=change.events, requires_no_live_on=guarded)
    assert change.pool is not None
    return change.pool


def drained(number: MaskedNumber) -> MaskedNumber:
    return replace(number, state=NumberState.DRAINING)


def test_a_pool_is_created_with_its_settings_and_numbers() -> None:
    numbers = (NUMBERS[0], MaskedNumber(OTHER_MASKED, is_reserved=True))
    created = decided(CreatePool("r", OTHER_SETTINGS, numbers), UNCREATED)
    assert created == Pool("main", OTHER_SETTINGS, numbers, version="change")
    assert not created.is_seeded
    assert decided(replace(CREATE, is_seed=True), UNCREATED).is_seeded


def test_an_existing_pool_is_not_created_again() -> None:
    with pytest.raises(PoolExists) as refusal:
        CREATE.decide(snapshot_of(pool=POOL))
    assert refusal.value.metadata == {"pool": "main"}


def test_a_pool_has_no_more_numbers_than_the_limit() -> None:
    assert len(decided(CreatePool("r", SETTINGS, FULL.numbers), UNCREATED).numbers) == NUMBERS_LIMIT
    with pytest.raises(PoolFull):
        CreatePool("r", SETTINGS, (*FULL.numbers, THIRD)).decide(snapshot_of(pool=UNCREATED))
    with pytest.raises(PoolFull):
        ADD.decide(snapshot_of(pool=FULL))
    with pytest.raises(PoolFull):
        # Numbers that the file no longer lists are drained, not removed.
        ReseedPool("r", SETTINGS, (THIRD,)).decide(snapshot_of(pool=replace(FULL, is_seeded=True)))
    added_again = AddNumber("r", replace(FULL.numbers[7], is_reserved=True))
    assert decided(added_again, FULL).numbers[7].is_reserved


@pytest.mark.parametrize(
    ("command", "pool"),
    [
        (replace(CREATE, settings=INVALID_SETTINGS), UNCREATED),
        (UpdatePool("r", INVALID_SETTINGS, ("operator", "code_lifetime")), POOL),
    ],
)
def test_invalid_settings_are_refused_with_every_violation(command: Command, pool: Pool) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        command.decide(snapshot_of(pool=pool))
    assert [violation.field for violation in refusal.value.violations] == [
        "operator",
        "code_lifetime",
    ]


def test_changed_settings_are_validated_together_with_the_others() -> None:
    lead = replace(SETTINGS, warning_lead=timedelta(days=8))
    with pytest.raises(InvalidArgument):
        UpdatePool("r", lead, ("warning_lead",)).decide(snapshot_of(pool=POOL))
    longer = replace(lead, idle_lifetime=timedelta(days=9))
    both = UpdatePool("r", longer, ("warning_lead", "idle_lifetime"))
    assert decided(both).settings == longer


def test_only_the_named_fields_are_changed_to_defaults_too() -> None:
    changed = decided(UpdatePool("r", OTHER_SETTINGS, ("lifetime",)))
    assert changed.settings == replace(SETTINGS, lifetime=OTHER_SETTINGS.lifetime)
    assert (changed.numbers, changed.version) == (NUMBERS, "change")
    pool = replace(POOL, settings=OTHER_SETTINGS)
    changed = decided(UpdatePool("r", PoolSettings(operator=""), ("lifetime",)), pool)
    assert changed.settings.lifetime == PoolSettings(operator="").lifetime
    assert changed.settings.operator == OTHER_SETTINGS.operator


def test_the_keywords_of_a_pool_follow_its_settings() -> None:
    before = POOL.keywords
    changed = decided(UpdatePool("r", replace(SETTINGS, words={"start": ("go",)}), ("words",)))
    assert (before.start, changed.keywords.start) == (("start",), ("go",))


def test_a_number_is_added_last_or_again_at_its_position() -> None:
    assert decided(ADD).numbers == (*NUMBERS, THIRD)
    pool = replace(POOL, numbers=(drained(NUMBERS[0]), NUMBERS[1]))
    assert decided(AddNumber("r", NUMBERS[0]), pool).numbers == NUMBERS
    reserved = MaskedNumber(MASKED, is_reserved=True)
    assert decided(AddNumber("r", reserved), pool).numbers == (reserved, NUMBERS[1])


def test_a_number_is_drained_at_its_position() -> None:
    assert decided(DRAIN).numbers == (drained(NUMBERS[0]), NUMBERS[1])


def test_a_number_without_live_conversations_is_removed_if_that_holds_at_the_commit() -> None:
    for loads in ({}, {OTHER_MASKED: 3}, {MASKED: 0}):
        assert decided(REMOVE, loads=loads).numbers == NUMBERS[1:]
    assert REMOVE.decide(snapshot_of(pool=POOL)).requires_no_live_on == MASKED


def test_a_number_with_live_conversations_is_not_removed() -> None:
    with pytest.raises(NumberInUse):
        REMOVE.decide(snapshot_of(pool=POOL, live_counts={MASKED: 1}))
    assert REMOVE.read_set(POOL) == ReadSet(needs_live_counts=True)


@pytest.mark.parametrize("command", [UpdatePool("r", SETTINGS, ("operator",)), ADD, DRAIN, REMOVE])
def test_a_pool_that_an_operator_changes_is_no_longer_seeded(command: Command) -> None:
    assert SEEDED.is_seeded
    assert not decided(command).is_seeded


@pytest.mark.parametrize(
    ("command", "snapshot", "refusal"),
    [
        *(
            (command, snapshot_of(pool=UNCREATED), PoolNotFound)
            for command in (UpdatePool("r", SETTINGS, ("operator",)), ADD, DRAIN, REMOVE)
        ),
        (DrainNumber("r", THIRD.phone_number), snapshot_of(), UnknownMaskedNumber),
        (RemoveNumber("r", THIRD.phone_number), snapshot_of(), UnknownMaskedNumber),
    ],
)
def test_a_pool_or_number_that_does_not_exist_cannot_be_changed(
    command: Command, snapshot: Snapshot, refusal: type[ConversationError]
) -> None:
    with pytest.raises(refusal):
        command.decide(snapshot)


@pytest.mark.parametrize(
    ("command", "pool", "event"),
    [
        (CREATE, UNCREATED, "POOL_CREATED"),
        (UpdatePool("r", SETTINGS, ("operator",)), POOL, "POOL_UPDATED"),
        (ReseedPool("r", OTHER_SETTINGS, NUMBERS), SEEDED, "POOL_UPDATED"),
        (ADD, POOL, "NUMBER_ADDED"),
        (DRAIN, POOL, "NUMBER_DRAINED"),
        (REMOVE, POOL, "NUMBER_REMOVED"),
    ],
)
def test_a_change_of_a_pool_has_an_event_and_a_new_version(
    command: Command, pool: Pool, event: str
) -> None:
    change = command.decide(snapshot_of(pool=pool))
    assert event_details(change) == [(event, "")]
    assert change.pool is not None
    assert change.pool.version == "change"


def test_a_changed_file_changes_a_seeded_pool() -> None:
    changed = decided(ReseedPool("r", OTHER_SETTINGS, (*NUMBERS, THIRD)))
    assert (changed.settings, changed.numbers) == (OTHER_SETTINGS, (*NUMBERS, THIRD))
    assert changed.is_seeded


def test_a_number_that_the_file_no_longer_lists_is_drained_until_it_is_listed_again() -> None:
    changed = decided(ReseedPool("r", SETTINGS, (THIRD, NUMBERS[1])))
    assert changed.numbers == (THIRD, NUMBERS[1], drained(NUMBERS[0]))
    assert decided(ReseedPool("r", SETTINGS, NUMBERS), changed).numbers == (
        *NUMBERS,
        drained(THIRD),
    )


def test_the_file_changes_no_pool_that_is_up_to_date_or_changed_by_an_operator() -> None:
    assert ReseedPool("r", SETTINGS, NUMBERS).decide(snapshot_of(pool=SEEDED)) == Change()
    drains = ReseedPool("r", SETTINGS, NUMBERS[1:])
    assert drains.decide(snapshot_of(pool=decided(drains))) == Change()
    assert ReseedPool("r", OTHER_SETTINGS, NUMBERS).decide(snapshot_of(pool=POOL)) == Change()


def test_most_changes_of_a_pool_read_only_the_pool() -> None:
    for command in (CREATE, ReseedPool("r", SETTINGS, NUMBERS), ADD, DRAIN):
        assert command.read_set(POOL) == ReadSet()
