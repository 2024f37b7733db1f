"""Which settings a pool may have."""

from datetime import timedelta
from typing import Any

import pytest

from conversation_service.application.inbound.reconciliation import LOOK_BACK, OVERLAP, RESENDS
from conversation_service.domain.errors import FieldViolation
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.domain.model.pool_validation import (
    MAX_MESSAGE_VALIDITY,
    MIN_IDEMPOTENCY_RECORDS_KEPT,
    settings_violations,
)
from support.builders.conversations import settings_with

DEFAULTS = PoolSettings("Test exchange", "help@example.org")
ZERO = timedelta(0)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

WARNING = "lifecycle.expiry_warning_lead"
KEPT = "retention.conversations"
PER_MINUTE = "sending.campaign_budget.segments_per_minute"
PER_DAY = "sending.campaign_budget.segments_per_day"
RELAY_LIMITS = {
    "relay.max_message_segments": 30,
    "relay.max_messages_per_minute": 1000,
    "relay.max_messages_per_day": 100_000,
}

# Minimum and maximum of each duration, with the settings that it needs.
RANGES: list[tuple[str, timedelta, timedelta, dict[str, Any]]] = [
    ("lifecycle.join_code_lifetime", MINUTE, DAY, {}),
    ("lifecycle.idle_timeout", MINUTE, 365 * DAY, {}),
    ("lifecycle.max_lifetime", MINUTE, 3650 * DAY, {}),
    ("lifecycle.cool_off", ZERO, 30 * DAY, {KEPT: 365 * DAY}),
    ("lifecycle.reopen_window", ZERO, 30 * DAY, {KEPT: 365 * DAY}),
    (KEPT, HOUR, 365 * DAY, {}),
    ("retention.idempotency_records", 3 * DAY, 30 * DAY, {}),
    ("retention.messages", 3 * DAY + MINUTE, 365 * DAY, {"sending.message_validity": MINUTE}),
    ("retention.events", 3 * DAY, 365 * DAY, {"retention.dead_letters": HOUR}),
    ("retention.dead_letters", HOUR, 30 * DAY, {"retention.events": 365 * DAY}),
    ("sending.message_validity", MINUTE, 2 * DAY, {}),
]

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"operator_name": ""}, "operator_name"),
    ({"operator_name": "   "}, "operator_name"),
    ({"operator_name": "x" * 31}, "operator_name"),
    ({"operator_name": "caf\u00e9"}, "operator_name"),
    ({"operator_name": "Acme 206-555-0100"}, "operator_name"),
    *(({"contact": wrong}, "contact") for wrong in ("", " ", "x" * 31, "caf\u00e9", " acme.org")),
    ({"language": "tlh"}, "language"),
    *(
        ({"system_message_prefix": prefix}, "system_message_prefix")
        for prefix in (
            *("x" * 21, "caf\u00e9", "`", "\U0001f512", "a\nb", " Acme", "Acme "),
            *("***", ">", "206-555-0100", "acme.example", "https://x", "www.x"),
        )
    ),
    ({WARNING: SECOND}, WARNING),
    ({WARNING: -MINUTE}, WARNING),
    ({WARNING: 7 * DAY}, WARNING),
    ({WARNING: HOUR, "lifecycle.max_lifetime": HOUR}, WARNING),
    ({KEPT: HOUR, "lifecycle.cool_off": HOUR + SECOND}, KEPT),
    ({KEPT: HOUR, "lifecycle.reopen_window": HOUR + SECOND}, KEPT),
    (
        {"retention.messages": 4 * DAY, "sending.message_validity": DAY + SECOND},
        "retention.messages",
    ),
    (
        {"retention.events": 3 * DAY, "retention.dead_letters": 3 * DAY + SECOND},
        "retention.dead_letters",
    ),
    *(({field: value}, field) for field in (PER_MINUTE, PER_DAY) for value in (-1, 2**31)),
    *(
        ({field: value}, field)
        for field, most in RELAY_LIMITS.items()
        for value in (-1, 0, most + 1)
    ),
    ({"keywords.words": {"start": ("help",)}}, "keywords.words.start"),
    ({"keywords.words": {"colour": ("blue",)}}, "keywords.words.colour"),
    ({"templates": {"help": "Nobody is here."}}, "templates.help"),
    ({"templates": {"colour": "Blue."}}, "templates.colour"),
]


def violated(settings: PoolSettings) -> list[str]:
    return [violation.field for violation in settings_violations(settings)]


def test_a_duration_is_refused_just_outside_its_range() -> None:
    for field, least, most, needed in RANGES:
        shortest = {"lifecycle.cool_off": ZERO, "lifecycle.reopen_window": ZERO}
        for allowed in (least, most):
            settings: dict[str, Any] = {**shortest, **needed, field: allowed}
            assert violated(settings_with(settings, DEFAULTS)) == [], field
        for refused in (least - SECOND, most + SECOND):
            settings = {**needed, field: refused}
            assert field in violated(settings_with(settings, DEFAULTS)), field


@pytest.mark.parametrize(("settings", "field"), REFUSED)
def test_an_invalid_setting_is_named(settings: dict[str, Any], field: str) -> None:
    assert violated(settings_with(settings, DEFAULTS)) == [field]


def test_valid_settings_have_no_violations() -> None:
    valid: list[dict[str, Any]] = [
        {},
        *({PER_MINUTE: n, PER_DAY: n} for n in (0, 1, 2**31 - 1)),
        dict.fromkeys(RELAY_LIMITS, 1),
        RELAY_LIMITS,
        *({WARNING: lead} for lead in (ZERO, MINUTE, 7 * DAY - SECOND)),
        *({"sending.message_validity": n, KEPT: 365 * DAY} for n in (MINUTE, 2 * DAY)),
    ]
    for settings in valid:
        assert violated(settings_with(settings, DEFAULTS)) == [], settings


def test_all_violations_are_reported_at_once() -> None:
    invalid = settings_with(
        {"operator_name": "", "lifecycle.join_code_lifetime": ZERO, "templates": {"empty": ""}},
        DEFAULTS,
    )
    assert violated(invalid) == ["operator_name", "lifecycle.join_code_lifetime", "templates.empty"]


def test_a_violation_states_the_range_in_seconds() -> None:
    [violation] = settings_violations(
        settings_with({"lifecycle.join_code_lifetime": ZERO}, DEFAULTS)
    )
    assert violation == FieldViolation(
        "lifecycle.join_code_lifetime", "must be 60 to 86400 seconds"
    )


def test_idempotency_records_are_kept_longer_than_a_message_may_arrive_again() -> None:
    searched = LOOK_BACK + OVERLAP + RESENDS
    assert searched < MIN_IDEMPOTENCY_RECORDS_KEPT
    assert MAX_MESSAGE_VALIDITY < MIN_IDEMPOTENCY_RECORDS_KEPT


def test_messages_must_be_kept_longer_than_their_validity() -> None:
    [violation] = settings_violations(settings_with({"retention.messages": 3 * DAY}, DEFAULTS))
    expected = "must be 259200 seconds or more above sending.message_validity: receipts come late"
    assert violation == FieldViolation("retention.messages", expected)
