"""Which settings a pool may have."""

from collections.abc import Iterator
from datetime import timedelta

from conversation_service.domain.errors import FieldViolation
from conversation_service.domain.keywords.normalization import folded
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.domain.templates.catalog import MAX_DURATION
from conversation_service.domain.templates.languages import catalog_violations
from conversation_service.domain.templates.validation import (
    is_plain,
    shows_phone_number,
    shows_web_address,
)

# With it the longest system message still fits one segment of 160 characters.
MAX_OPERATOR_LENGTH = 40

# Short, as every system message has it and fits one segment.
MAX_PREFIX_LENGTH = 20

# Messages take seconds, and durations are shown to people in minutes.
MIN_LIFETIME = timedelta(minutes=1)

# Anybody who has a valid code can join with it.
MAX_CODE_LIFETIME = timedelta(hours=24)

# Two people who have not texted for a year do not need their number any more.
MAX_IDLE_LIFETIME = timedelta(days=365)

MAX_LIFETIME = MAX_DURATION

# With a longer one the numbers of a pool run out while they cool off.
MAX_COOL_OFF = timedelta(days=30)

MAX_REOPEN_GRACE = timedelta(days=30)

# Operators need time to look into complaints.
MIN_KEPT_AFTER_END = timedelta(hours=1)

MAX_KEPT_AFTER_END = timedelta(days=365)

# A message may wait out a short outage. The maximum is below the least time that idempotency
# records are kept (72 hours), with room for its delivery receipt.
MIN_TEXT_VALIDITY = timedelta(minutes=1)

MAX_TEXT_VALIDITY = timedelta(hours=48)

# Longer than anything may be repeated: the carrier's resends take minutes, reconciliation and the
# validity of a message 48 hours. At most a month, as stored responses hold people's numbers.
MIN_RECEIPTS_KEPT = timedelta(hours=72)

MAX_RECEIPTS_KEPT = timedelta(days=30)

# A phone may be off for days; later the messaging service cannot match a receipt to its message.
RECEIPT_WAIT = timedelta(hours=72)

# A message may be sent at the very end of its validity.
MIN_MESSAGES_KEPT = RECEIPT_WAIT

MAX_MESSAGES_KEPT = timedelta(days=365)

# A watcher that was stopped over a weekend resumes without a gap.
MIN_EVENTS_KEPT = timedelta(hours=72)

MAX_EVENTS_KEPT = timedelta(days=365)

# Operators need time to look; and dead letters hold people's messages, so they are no archive.
MIN_DEAD_LETTERS_KEPT = timedelta(hours=1)

MAX_DEAD_LETTERS_KEPT = timedelta(days=30)

# What the contract's int32 fields can hold; no campaign sends as much.
MAX_SEGMENTS = 2**31 - 1

# No carrier's limit is published. 30 segments are 4,200 characters, and more than are accepted in
# practice; at 5 segments a second they keep everybody else waiting for 6 seconds.
MAX_MESSAGE_SEGMENTS = 30

# Far more than a person types; a higher limit would protect nobody.
MAX_RELAYED_PER_MINUTE = 1000

MAX_RELAYED_PER_DAY = 100_000

_ZERO = timedelta(0)

_RANGES = (
    ("code_lifetime", MIN_LIFETIME, MAX_CODE_LIFETIME),
    ("idle_lifetime", MIN_LIFETIME, MAX_IDLE_LIFETIME),
    ("lifetime", MIN_LIFETIME, MAX_LIFETIME),
    ("cool_off", _ZERO, MAX_COOL_OFF),
    ("reopen_grace", _ZERO, MAX_REOPEN_GRACE),
    ("kept_after_end", MIN_KEPT_AFTER_END, MAX_KEPT_AFTER_END),
    ("receipts_kept", MIN_RECEIPTS_KEPT, MAX_RECEIPTS_KEPT),
    ("messages_kept", MIN_MESSAGES_KEPT, MAX_MESSAGES_KEPT),
    ("events_kept", MIN_EVENTS_KEPT, MAX_EVENTS_KEPT),
    ("dead_letters_kept", MIN_DEAD_LETTERS_KEPT, MAX_DEAD_LETTERS_KEPT),
    ("text_validity", MIN_TEXT_VALIDITY, MAX_TEXT_VALIDITY),
)

_COUNTS = (
    ("max_message_segments", MAX_MESSAGE_SEGMENTS),
    ("relayed_per_minute", MAX_RELAYED_PER_MINUTE),
    ("relayed_per_day", MAX_RELAYED_PER_DAY),
)

_BUDGETS = ("segments_per_minute", "segments_per_day")


def settings_violations(settings: PoolSettings) -> list[FieldViolation]:
    """All violations of a pool's settings; fields are named as in PoolSettings."""
    return [
        *_operator_violations(settings),
        *_prefix_violations(settings),
        *_range_violations(settings),
        *_budget_violations(settings),
        *_count_violations(settings),
        *_relation_violations(settings),
        *_retention_violations(settings),
        *_language_violations(settings),
    ]


def _operator_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    operator = settings.operator
    if not 1 <= len(operator) <= MAX_OPERATOR_LENGTH or not is_plain(operator):
        expected = f"must be 1 to {MAX_OPERATOR_LENGTH} characters of printable ASCII, without `"
        yield FieldViolation("operator", expected)
    elif not operator.strip() or shows_phone_number(operator):
        yield FieldViolation("operator", "must be a name, with no 7 digits in a row")


def _prefix_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    name, prefix = "system_message_prefix", settings.system_message_prefix
    if not prefix:
        return
    if len(prefix) > MAX_PREFIX_LENGTH or not is_plain(prefix) or prefix != prefix.strip():
        expected = f"must be up to {MAX_PREFIX_LENGTH} characters of printable ASCII, without `"
        yield FieldViolation(name, f"{expected} and without blanks at its ends")
    elif not folded(prefix) or shows_phone_number(prefix) or shows_web_address(prefix):
        expected = "must have a letter or digit, no 7 digits in a row and no web address"
        yield FieldViolation(name, expected)


def _range_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    for field, least, most in _RANGES:
        if not least <= getattr(settings, field) <= most:
            expected = f"must be {_seconds(least)} to {_seconds(most)} seconds"
            yield FieldViolation(field, expected)


def _budget_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    for field in _BUDGETS:
        if not 0 <= getattr(settings, field) <= MAX_SEGMENTS:
            yield FieldViolation(field, f"must be 0, which is no limit, to {MAX_SEGMENTS} segments")


def _count_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    for field, most in _COUNTS:
        if not 1 <= getattr(settings, field) <= most:
            yield FieldViolation(field, f"must be 1 to {most}")


def _relation_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    lead, shorter = settings.warning_lead, min(settings.idle_lifetime, settings.lifetime)
    if lead != _ZERO and not MIN_LIFETIME <= lead < shorter:
        expected = f"must be 0, or {_seconds(MIN_LIFETIME)} seconds or more"
        yield FieldViolation("warning_lead", f"{expected} and below idle_lifetime and lifetime")
    # Cool-off and reopening need the ended conversation.
    if settings.kept_after_end < max(settings.cool_off, settings.reopen_grace):
        yield FieldViolation("kept_after_end", "must not be below cool_off and reopen_grace")


def _retention_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    # A receipt without its message changes no state, and nobody is notified of a failure.
    if settings.messages_kept < settings.text_validity + RECEIPT_WAIT:
        expected = f"must be {_seconds(RECEIPT_WAIT)} seconds or more above text_validity"
        yield FieldViolation("messages_kept", f"{expected}: receipts come late")
    # The events of a message explain its dead letter.
    if settings.dead_letters_kept > settings.events_kept:
        yield FieldViolation("dead_letters_kept", "must not be above events_kept")


def _language_violations(settings: PoolSettings) -> list[FieldViolation]:
    # A wrong operator or prefix is reported once, not again for every system message.
    operator = "" if any(_operator_violations(settings)) else settings.operator
    prefix = "" if any(_prefix_violations(settings)) else settings.system_message_prefix
    keywords, texts = settings.chosen_keywords, settings.texts
    return catalog_violations(settings.language, operator, keywords, texts, prefix)


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())
