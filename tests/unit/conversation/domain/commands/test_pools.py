"""Operators and the pools file change pools."""

from dataclasses import replace
from datetime import timedelta

import pytest

from conversation_service.domain import errors
from conversation_service.domain.commands.core.change import Change
from conversation_service.domain.commands.core.command import Command
from conversation_service.domain.commands.operator.pools import (
    NUMBERS_LIMIT,
    CreatePool,
    ReseedPool,
    UpdatePool,
)
from conversation_service.domain.commands.operator.settings_update import SettingPath
from conversation_service.domain.model.pool import MaskedNumber, NumberState, Pool, PoolSettings
from support.builders.conversations import (
    NUMBERS,
    OTHER_MASKED,
    POOL,
    SETTINGS,
    settings_with,
)
from support.builders.decisions import event_details, snapshot_of

UNCREATED = Pool("main", SETTINGS)
SEEDED = replace(POOL, is_seeded=True)
THIRD = MaskedNumber("+12065550102")
OTHER_SETTINGS = settings_with(
    {"operator_name": "Other exchange", "lifecycle.max_lifetime": timedelta(days=30)}
)
INVALID_SETTINGS = settings_with(
    {"operator_name": "", "lifecycle.join_code_lifetime": timedelta(0)}
)
CODE_LIFETIME = ("lifecycle", "join_code_lifetime")
MAX_LIFETIME, WARNING = ("lifecycle", "max_lifetime"), ("lifecycle", "expiry_warning_lead")
HUNDREDS = range(301, 301 + NUMBERS_LIMIT // 100)
FULL = replace(
    POOL,
    numbers=tuple(MaskedNumber(f"+1{area}55501{n:02}") for area in HUNDREDS for n in range(100)),
)

CREATE = CreatePool("r", SETTINGS, NUMBERS)
UPDATE = UpdatePool("r", SETTINGS, (("operator_name",),))


def decided(command: Command, pool: Pool = SEEDED) -> Pool:
    """The pool after a command that changes only the pool."""
    change = command.decide(snapshot_of(pool=pool))
    assert change == Change(pool=change.pool, events=change.events)
    assert change.pool is not None
    return change.pool


def drained(number: MaskedNumber) -> MaskedNumber:
    return replace(number, state=NumberState.DRAINING)


def test_a_pool_is_created_once_with_its_settings_and_numbers() -> None:
    numbers = (NUMBERS[0], MaskedNumber(OTHER_MASKED, is_reserved=True))
    created = decided(CreatePool("r", OTHER_SETTINGS, numbers), UNCREATED)
    assert created == Pool("main", OTHER_SETTINGS, numbers, version="change")
    assert not created.is_seeded
    assert decided(replace(CREATE, is_seed=True), UNCREATED).is_seeded
    with pytest.raises(errors.PoolAlreadyExists) as refusal:
        CREATE.decide(snapshot_of(pool=POOL))
    assert refusal.value.metadata == {"pool_id": "main"}


def test_a_pool_has_no_more_numbers_than_the_limit() -> None:
    assert len(decided(CreatePool("r", SETTINGS, FULL.numbers), UNCREATED).numbers) == NUMBERS_LIMIT
    for command, pool in (
        (CreatePool("r", SETTINGS, (*FULL.numbers, THIRD)), UNCREATED),
        # Numbers that the file no longer lists are drained, not removed.
        (ReseedPool("r", SETTINGS, (THIRD,)), replace(FULL, is_seeded=True)),
    ):
        with pytest.raises(errors.MaskedNumberLimitReached):
            command.decide(snapshot_of(pool=pool))


def test_invalid_settings_are_refused_with_every_violation() -> None:
    for command, pool in (
        (replace(CREATE, settings=INVALID_SETTINGS), UNCREATED),
        (UpdatePool("r", INVALID_SETTINGS, (("operator_name",), CODE_LIFETIME)), POOL),
    ):
        with pytest.raises(errors.InvalidArgument) as refusal:
            command.decide(snapshot_of(pool=pool))
        fields = [violation.field for violation in refusal.value.violations]
        assert fields == ["operator_name", "lifecycle.join_code_lifetime"]


def test_a_pool_is_changed_only_with_the_etag_that_was_read_if_one_is_given() -> None:
    for etag in ("", POOL.version):
        assert decided(replace(UPDATE, etag=etag)).version == "change"
    for settings in (SETTINGS, INVALID_SETTINGS):
        stale = replace(UPDATE, settings=settings, etag="stale")
        with pytest.raises(errors.EtagMismatch) as refused:
            stale.decide(snapshot_of(pool=POOL))
        assert refused.value.metadata == {"etag": POOL.version}


def test_changed_settings_are_validated_together_with_the_others() -> None:
    lead = settings_with({"lifecycle.expiry_warning_lead": timedelta(days=8)})
    with pytest.raises(errors.InvalidArgument):
        UpdatePool("r", lead, (WARNING,)).decide(snapshot_of(pool=POOL))
    longer = settings_with({"lifecycle.idle_timeout": timedelta(days=9)}, lead)
    assert (
        decided(UpdatePool("r", longer, (WARNING, ("lifecycle", "idle_timeout")))).settings
        == longer
    )


def test_only_the_named_fields_are_changed_to_defaults_too() -> None:
    changed = decided(UpdatePool("r", OTHER_SETTINGS, (MAX_LIFETIME,)))
    assert changed.settings == settings_with(
        {"lifecycle.max_lifetime": OTHER_SETTINGS.lifecycle.max_lifetime}
    )
    assert (changed.numbers, changed.version) == (NUMBERS, "change")
    defaults, pool = (
        PoolSettings(operator_name="", contact=""),
        replace(POOL, settings=OTHER_SETTINGS),
    )
    changed = decided(UpdatePool("r", defaults, (MAX_LIFETIME,)), pool)
    assert changed.settings == settings_with(
        {"lifecycle.max_lifetime": defaults.lifecycle.max_lifetime}, OTHER_SETTINGS
    )
    before = POOL.keywords
    words = settings_with({"keywords.words": {"start": ("go",)}})
    changed = decided(UpdatePool("r", words, (("keywords", "words"),)))
    assert (before.start, changed.keywords.start) == (("start",), ("go",))


def test_an_update_has_an_event_needs_a_pool_and_ends_its_seeding() -> None:
    assert event_details(UPDATE.decide(snapshot_of(pool=POOL))) == [("POOL_UPDATED", "")]
    changed = decided(UPDATE)
    assert (changed.version, changed.is_seeded) == ("change", False)
    with pytest.raises(errors.PoolNotFound):
        UPDATE.decide(snapshot_of(pool=UNCREATED))


def test_a_group_an_entry_of_a_map_or_all_settings_are_changed() -> None:
    before = replace(
        POOL,
        settings=settings_with(
            {
                "templates": {"help": "{operator}: {contact} {stop}", "empty": "Empty."},
                "keywords.end_opts_out": True,
            },
            OTHER_SETTINGS,
        ),
    )
    new = settings_with(
        {"templates": {"help": "{operator} {contact} {stop}"}, "operator_name": "New"}
    )

    def updated(*paths: SettingPath) -> PoolSettings:
        return decided(UpdatePool("r", new, paths), before).settings

    assert updated(()) == new
    assert updated(("lifecycle",)) == replace(before.settings, lifecycle=new.lifecycle)
    assert updated(("templates",)) == replace(before.settings, templates=new.templates)
    for entry, templates in (
        ("help", {"help": "{operator} {contact} {stop}", "empty": "Empty."}),
        # Restored, as the new settings do not have it.
        ("empty", {"help": "{operator}: {contact} {stop}"}),
        ("reopened", {"help": "{operator}: {contact} {stop}", "empty": "Empty."}),
    ):
        expected = replace(before.settings, templates=templates)
        assert updated(("templates", entry)) == expected
    both = updated(("templates", "help"), ("keywords", "end_opts_out"))
    assert (both.templates["help"], both.keywords.end_opts_out) == (
        "{operator} {contact} {stop}",
        False,
    )


def test_the_creation_of_a_pool_and_a_changed_file_have_events() -> None:
    assert event_details(CREATE.decide(snapshot_of(pool=UNCREATED))) == [("POOL_CREATED", "")]
    reseed = ReseedPool("r", OTHER_SETTINGS, NUMBERS)
    assert event_details(reseed.decide(snapshot_of(pool=SEEDED))) == [("POOL_UPDATED", "")]
    assert decided(reseed).version == "change"


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
