"""Which settings a pool may have."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from conversation_service.application.inbound.reconciliation import LOOK_BACK, OVERLAP, RESENDS
from conversation_service.domain.errors import FieldViolation
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.domain.model.pool_validation import (
    MAX_TEXT_VALIDITY,
    MIN_RECEIPTS_KEPT,
    settings_violations,
)

DEFAULTS = PoolSettings("Test exchange")
ZERO = timedelta(0)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# Minimum and maximum of each duration, with the settings that it needs.
RANGES: list[tuple[str, timedelta, timedelta, dict[str, Any]]] = [
    ("code_lifetime", MINUTE, DAY, {}),
    ("idle_lifetime", MINUTE, 365 * DAY, {}),
    ("lifetime", MINUTE, 3650 * DAY, {}),
    ("cool_off", ZERO, 30 * DAY, {"kept_after_end": 365 * DAY}),
    ("reopen_grace", ZERO, 30 * DAY, {"kept_after_end": 365 * DAY}),
    ("kept_after_end", HOUR, 365 * DAY, {}),
    ("receipts_kept", 3 * DAY, 30 * DAY, {}),
    ("messages_kept", 3 * DAY + MINUTE, 365 * DAY, {"text_validity": MINUTE}),
    ("events_kept", 3 * DAY, 365 * DAY, {"dead_letters_kept": HOUR}),
    ("dead_letters_kept", HOUR, 30 * DAY, {"events_kept": 365 * DAY}),
    ("text_validity", MINUTE, 2 * DAY, {}),
]

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"operator": ""}, "operator"),
    ({"operator": "   "}, "operator"),
    ({"operator": "x" * 41}, "operator"),
    ({"operator": "caf\u00e9"}, "operator"),
    ({"operator": "Acme 206-555-0100"}, "operator"),
    ({"language": "tlh"}, "language"),
    *(
        ({"system_message_prefix": prefix}, "system_message_prefix")
        for prefix in (
            *("x" * 21, "caf\u00e9", "`", "\U0001f512", "a\nb", " Acme", "Acme "),
            *("***", ">", "206-555-0100", "acme.example", "https://x", "www.x"),
        )
    ),
    ({"warning_lead": SECOND}, "warning_lead"),
    ({"warning_lead": -MINUTE}, "warning_lead"),
    ({"warning_lead": 7 * DAY}, "warning_lead"),
    ({"warning_lead": HOUR, "lifetime": HOUR}, "warning_lead"),
    ({"kept_after_end": HOUR, "cool_off": HOUR + SECOND}, "kept_after_end"),
    ({"kept_after_end": HOUR, "reopen_grace": HOUR + SECOND}, "kept_after_end"),
    ({"messages_kept": 4 * DAY, "text_validity": DAY + SECOND}, "messages_kept"),
    ({"events_kept": 3 * DAY, "dead_letters_kept": 3 * DAY + SECOND}, "dead_letters_kept"),
    ({"segments_per_minute": -1}, "segments_per_minute"),
    ({"segments_per_minute": 2**31}, "segments_per_minute"),
    ({"segments_per_day": -1}, "segments_per_day"),
    ({"segments_per_day": 2**31}, "segments_per_day"),
    *(
        ({field: value}, field)
        for field, most in (
            ("max_message_segments", 30),
            ("relayed_per_minute", 1000),
            ("relayed_per_day", 100_000),
        )
        for value in (-1, 0, most + 1)
    ),
    ({"words": {"start": ("help",)}}, "words.start"),
    ({"words": {"colour": ("blue",)}}, "words.colour"),
    ({"texts": {"help": "Nobody is here."}}, "texts.help"),
    ({"texts": {"colour": "Blue."}}, "texts.colour"),
]


def violated(settings: PoolSettings) -> list[str]:
    return [violation.field for violation in settings_violations(settings)]


def test_a_duration_is_refused_just_outside_its_range() -> None:
    for field, least, most, needed in RANGES:
        shortest = {"cool_off": ZERO, "reopen_grace": ZERO}
        for allowed in (least, most):
            settings: dict[str, Any] = {**shortest, **needed, field: allowed}
            assert violated(replace(DEFAULTS, **settings)) == [], field
        for refused in (least - SECOND, most + SECOND):
            settings = {**needed, field: refused}
            assert field in violated(replace(DEFAULTS, **settings)), field


@pytest.mark.parametrize(("settings", "field"), REFUSED)
def test_an_invalid_setting_is_named(settings: dict[str, Any], field: str) -> None:
    assert violated(replace(DEFAULTS, **settings)) == [field]


def test_valid_settings_have_no_violations() -> None:
    valid: list[dict[str, Any]] = [
        {},
        *({"segments_per_minute": n, "segments_per_day": n} for n in (0, 1, 2**31 - 1)),
        {"max_message_segments": 1, "relayed_per_minute": 1, "relayed_per_day": 1},
        {"max_message_segments": 30, "relayed_per_minute": 1000, "relayed_per_day": 100_000},
        *({"warning_lead": lead} for lead in (ZERO, MINUTE, 7 * DAY - SECOND)),
        *({"text_validity": n, "kept_after_end": 365 * DAY} for n in (MINUTE, 2 * DAY)),
    ]
    for settings in valid:
        assert violated(replace(DEFAULTS, **settings)) == [], settings


def test_all_violations_are_reported_at_once() -> None:
    invalid = replace(DEFAULTS, operator="", code_lifetime=ZERO, texts={"empty": ""})
    assert violated(invalid) == ["operator", "code_lifetime", "texts.empty"]


def test_a_violation_states_the_range_in_seconds() -> None:
    [violation] = settings_violations(replace(DEFAULTS, code_lifetime=ZERO))
    assert violation == FieldViolation("code_lifetime", "must be 60 to 86400 seconds")


def test_idempotency_records_are_kept_longer_than_a_message_may_arrive_again() -> None:
    searched = LOOK_BACK + OVERLAP + RESENDS
    assert searched < MIN_RECEIPTS_KEPT
    assert MAX_TEXT_VALIDITY < MIN_RECEIPTS_KEPT


def test_messages_must_be_kept_longer_than_their_validity() -> None:
    [violation] = settings_violations(replace(DEFAULTS, messages_kept=3 * DAY))
    expected = "must be 259200 seconds or more above text_validity: receipts come late"
    assert violation == FieldViolation("messages_kept", expected)
