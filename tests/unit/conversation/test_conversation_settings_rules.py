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

USUAL = PoolSettings("Test exchange")
NOTHING = timedelta(0)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# The least and the most of each span, with what else has to be set for it to be allowed.
RANGES: list[tuple[str, timedelta, timedelta, dict[str, Any]]] = [
    ("code_lifetime", MINUTE, DAY, {}),
    ("idle_lifetime", MINUTE, 365 * DAY, {}),
    ("lifetime", MINUTE, 3650 * DAY, {}),
    ("cool_off", NOTHING, 30 * DAY, {"kept_after_end": 365 * DAY}),
    ("reopen_grace", NOTHING, 30 * DAY, {"kept_after_end": 365 * DAY}),
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
    ({"words": {"start": ("help",)}}, "words.start"),
    ({"words": {"colour": ("blue",)}}, "words.colour"),
    ({"texts": {"help": "Nobody is here."}}, "texts.help"),
    ({"texts": {"colour": "Blue."}}, "texts.colour"),
]


def violated(settings: PoolSettings) -> list[str]:
    return [violation.field for violation in settings_violations(settings)]


def test_the_usual_settings_break_no_rule() -> None:
    assert settings_violations(USUAL) == []


@pytest.mark.parametrize(("field", "least", "most", "besides"), RANGES)
def test_a_span_is_refused_just_outside_its_range_and_not_inside(
    field: str, least: timedelta, most: timedelta, besides: dict[str, Any]
) -> None:
    for allowed in (least, most):
        shortest = {"cool_off": NOTHING, "reopen_grace": NOTHING}
        spans: dict[str, Any] = {**shortest, **besides, field: allowed}
        assert violated(replace(USUAL, **spans)) == []
    for refused in (least - SECOND, most + SECOND):
        spans = {**besides, field: refused}
        assert field in violated(replace(USUAL, **spans))


@pytest.mark.parametrize(("settings", "field"), REFUSED)
def test_a_setting_that_breaks_a_rule_is_named_as_it_is_spelled(
    settings: dict[str, Any], field: str
) -> None:
    assert violated(replace(USUAL, **settings)) == [field]


def test_a_campaign_has_a_budget_or_none() -> None:
    for most in (0, 1, 2**31 - 1):
        assert violated(replace(USUAL, segments_per_minute=most, segments_per_day=most)) == []


def test_a_warning_comes_at_least_a_minute_before_and_below_the_lifetimes() -> None:
    for lead in (NOTHING, MINUTE, 7 * DAY - SECOND):
        assert violated(replace(USUAL, warning_lead=lead)) == []


def test_everything_that_is_wrong_is_told_at_once() -> None:
    wrong = replace(USUAL, operator="", code_lifetime=NOTHING, texts={"empty": ""})
    assert violated(wrong) == ["operator", "code_lifetime", "texts.empty"]


def test_a_refused_span_is_told_its_range_in_seconds() -> None:
    [violation] = settings_violations(replace(USUAL, code_lifetime=NOTHING))
    assert violation == FieldViolation("code_lifetime", "must be 60 to 86400 seconds")


def test_a_text_is_known_again_for_as_long_as_anything_may_hand_it_in_again() -> None:
    searched = LOOK_BACK + OVERLAP + RESENDS
    assert searched < MIN_RECEIPTS_KEPT
    assert MAX_TEXT_VALIDITY < MIN_RECEIPTS_KEPT


@pytest.mark.parametrize("validity", [MINUTE, 2 * DAY])
def test_a_pool_from_before_there_was_a_choice_breaks_no_rule(validity: timedelta) -> None:
    former = replace(USUAL, text_validity=validity, kept_after_end=365 * DAY)
    assert violated(former) == []


def test_too_short_a_memory_of_messages_is_told_what_it_needs() -> None:
    [violation] = settings_violations(replace(USUAL, messages_kept=3 * DAY))
    told = "must be 259200 seconds or more above text_validity: receipts come late"
    assert violation == FieldViolation("messages_kept", told)
