"""Operators change the masked numbers of a pool."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from conversation_service.domain import errors
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import Command
from conversation_service.domain.commands.core.snapshot import ReadSet
from conversation_service.domain.commands.operator.masked_numbers import (
    ActivateMaskedNumber,
    AddMaskedNumber,
    DrainMaskedNumber,
    RemoveMaskedNumber,
    UpdateMaskedNumber,
)
from conversation_service.domain.commands.operator.pools import NUMBERS_LIMIT
from conversation_service.domain.model.pool import MaskedNumber, NumberState, Pool
from support.builders.conversations import MASKED, NUMBERS, OTHER_MASKED, POOL, SETTINGS
from support.builders.decisions import event_details, snapshot_of

THIRD = MaskedNumber("+12065550102")
DRAINED = replace(NUMBERS[0], state=NumberState.DRAINING)
SEEDED = replace(POOL, is_seeded=True)
DRAINING_POOL = replace(SEEDED, numbers=(DRAINED, NUMBERS[1]))

ADD = AddMaskedNumber("r", THIRD)
DRAIN, ACTIVATE = DrainMaskedNumber("r", MASKED), ActivateMaskedNumber("r", MASKED)
RESERVE, REMOVE = UpdateMaskedNumber("r", MASKED, True), RemoveMaskedNumber("r", MASKED)


def decided(command: Command, pool: Pool = SEEDED, loads: Mapping[str, int] | None = None) -> Pool:
    """The pool after a command that changes only the pool."""
    change = command.decide(snapshot_of(pool=pool, live_counts=loads or {}))
    guarded = MASKED if command == REMOVE else ""
    assert change == Change(pool=change.pool, events=change.events, requires_no_live_on=guarded)
    assert change.pool is not None
    return change.pool


def test_a_number_is_added_behind_the_others_and_only_once() -> None:
    assert decided(ADD).numbers == (*NUMBERS, THIRD)
    for present in (NUMBERS[0], replace(NUMBERS[0], is_reserved=True)):
        for pool in (POOL, DRAINING_POOL):
            with pytest.raises(errors.MaskedNumberAlreadyAssigned) as refusal:
                AddMaskedNumber("r", present).decide(snapshot_of(pool=pool))
            assert refusal.value.metadata == {"field": "masked_number", "pool_id": "main"}


def test_a_pool_that_is_full_takes_no_further_number() -> None:
    full = tuple(
        MaskedNumber(f"+1{area}55501{line:02}")
        for area in range(301, 301 + NUMBERS_LIMIT // 100)
        for line in range(100)
    )
    with pytest.raises(errors.MaskedNumberLimitReached):
        ADD.decide(snapshot_of(pool=replace(POOL, numbers=full)))
    assert len(decided(ADD, replace(POOL, numbers=full[1:])).numbers) == NUMBERS_LIMIT


def test_a_number_is_drained_activated_and_reserved_at_its_position() -> None:
    reserved = replace(NUMBERS[0], is_reserved=True)
    for command, before, after in (
        (DRAIN, NUMBERS[0], DRAINED),
        (DRAIN, reserved, replace(reserved, state=NumberState.DRAINING)),
        (ACTIVATE, DRAINED, NUMBERS[0]),
        (ACTIVATE, replace(DRAINED, is_reserved=True), reserved),
        (RESERVE, NUMBERS[0], reserved),
        (RESERVE, DRAINED, replace(DRAINED, is_reserved=True)),
        (UpdateMaskedNumber("r", MASKED, False), reserved, NUMBERS[0]),
    ):
        pool = replace(POOL, numbers=(before, NUMBERS[1]))
        assert decided(command, pool).numbers == (after, NUMBERS[1])


def test_a_number_is_removed_only_without_live_conversations() -> None:
    for loads in ({}, {OTHER_MASKED: 3}, {MASKED: 0}):
        assert decided(REMOVE, loads=loads).numbers == NUMBERS[1:]
    assert REMOVE.decide(snapshot_of(pool=POOL)).requires_no_live_on == MASKED
    with pytest.raises(errors.MaskedNumberInUse):
        REMOVE.decide(snapshot_of(pool=POOL, live_counts={MASKED: 1}))
    assert REMOVE.read_set(POOL) == ReadSet(needs_live_counts=True)
    for command in (ADD, DRAIN, ACTIVATE, RESERVE):
        assert command.read_set(POOL) == ReadSet()


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (ADD, "MASKED_NUMBER_ADDED"),
        (DRAIN, "MASKED_NUMBER_DRAINED"),
        (ACTIVATE, "MASKED_NUMBER_ACTIVATED"),
        (RESERVE, "MASKED_NUMBER_UPDATED"),
        (REMOVE, "MASKED_NUMBER_REMOVED"),
    ],
)
def test_a_change_of_a_number_has_an_event_needs_a_pool_and_ends_its_seeding(
    command: Command, event: str
) -> None:
    assert event_details(command.decide(snapshot_of(pool=POOL))) == [(event, "")]
    changed = decided(command)
    assert (changed.version, changed.is_seeded) == ("change", False)
    with pytest.raises(errors.PoolNotFound):
        command.decide(snapshot_of(pool=Pool("main", SETTINGS)))


def test_a_number_that_is_not_in_the_pool_cannot_be_changed() -> None:
    for command in (
        DrainMaskedNumber("r", THIRD.phone_number),
        ActivateMaskedNumber("r", THIRD.phone_number),
        UpdateMaskedNumber("r", THIRD.phone_number, True),
        RemoveMaskedNumber("r", THIRD.phone_number),
    ):
        with pytest.raises(errors.MaskedNumberNotFound):
            command.decide(snapshot_of())
