"""Which settings a pool may have."""

from collections.abc import Iterator
from datetime import timedelta

from conversation_service.domain.errors import FieldViolation
from conversation_service.domain.model.pool import PoolSettings
from conversation_service.domain.templates.catalog import MAX_DURATION
from conversation_service.domain.templates.languages import speech_violations
from conversation_service.domain.templates.validation import is_plain, shows_phone_number

# With it the longest system text still fits one segment of 160 characters.
MAX_OPERATOR_LENGTH = 40

# Texts take seconds, and spans are told to people in minutes.
MIN_LIFETIME = timedelta(minutes=1)

# A code is as good as a key for as long as it lives.
MAX_CODE_LIFETIME = timedelta(hours=24)

# A number in use by two people who have not texted for a year is not in use.
MAX_IDLE_LIFETIME = timedelta(days=365)

MAX_LIFETIME = MAX_DURATION

# Longer, and the numbers of a pool run out while they rest.
MAX_COOL_OFF = timedelta(days=30)

MAX_REOPEN_GRACE = timedelta(days=30)

# Staff must have the time to look up what somebody complains about, and then it is forgotten.
MIN_KEPT_AFTER_END = timedelta(hours=1)

MAX_KEPT_AFTER_END = timedelta(days=365)

# A text may wait out a short outage, and no longer than its receipt is kept (72 hours) with room to
# hear what became of it.
MIN_TEXT_VALIDITY = timedelta(minutes=1)

MAX_TEXT_VALIDITY = timedelta(hours=48)

# Whatever may hand the same thing in again: the carrier's resends take minutes, a look into its
# records goes back 48 hours, a text is tried for as long. Who repeats a request after a month does
# not repeat it; and answers hold people's numbers.
MIN_RECEIPTS_KEPT = timedelta(hours=72)

MAX_RECEIPTS_KEPT = timedelta(days=30)

# A phone that was off for days: later the messaging service knows no receipt's text any more.
RECEIPT_WAIT = timedelta(hours=72)

# A text may be sent at the very end of its validity; nobody asks what became of it a year ago.
MIN_MESSAGES_KEPT = RECEIPT_WAIT

MAX_MESSAGES_KEPT = timedelta(days=365)

# A watcher that stood still over a weekend goes on without a gap.
MIN_EVENTS_KEPT = timedelta(hours=72)

MAX_EVENTS_KEPT = timedelta(days=365)

# Somebody must have the time to look; and what lies there are people's words, not an archive.
MIN_DEAD_LETTERS_KEPT = timedelta(hours=1)

MAX_DEAD_LETTERS_KEPT = timedelta(days=30)

# What the contract's fields can hold; no campaign sends as much.
MAX_SEGMENTS = 2**31 - 1

_NOTHING = timedelta(0)

_RANGES = (
    ("code_lifetime", MIN_LIFETIME, MAX_CODE_LIFETIME),
    ("idle_lifetime", MIN_LIFETIME, MAX_IDLE_LIFETIME),
    ("lifetime", MIN_LIFETIME, MAX_LIFETIME),
    ("cool_off", _NOTHING, MAX_COOL_OFF),
    ("reopen_grace", _NOTHING, MAX_REOPEN_GRACE),
    ("kept_after_end", MIN_KEPT_AFTER_END, MAX_KEPT_AFTER_END),
    ("receipts_kept", MIN_RECEIPTS_KEPT, MAX_RECEIPTS_KEPT),
    ("messages_kept", MIN_MESSAGES_KEPT, MAX_MESSAGES_KEPT),
    ("events_kept", MIN_EVENTS_KEPT, MAX_EVENTS_KEPT),
    ("dead_letters_kept", MIN_DEAD_LETTERS_KEPT, MAX_DEAD_LETTERS_KEPT),
    ("text_validity", MIN_TEXT_VALIDITY, MAX_TEXT_VALIDITY),
)

_BUDGETS = ("segments_per_minute", "segments_per_day")


def settings_violations(settings: PoolSettings) -> list[FieldViolation]:
    """Everything that is wrong with a pool's settings; fields are named as in PoolSettings."""
    return [
        *_operator_violations(settings),
        *_range_violations(settings),
        *_budget_violations(settings),
        *_relation_violations(settings),
        *_keeping_violations(settings),
        *_speech_violations(settings),
    ]


def _operator_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    operator = settings.operator
    if not 1 <= len(operator) <= MAX_OPERATOR_LENGTH or not is_plain(operator):
        told = f"must be 1 to {MAX_OPERATOR_LENGTH} characters of printable ASCII, without `"
        yield FieldViolation("operator", told)
    elif not operator.strip() or shows_phone_number(operator):
        yield FieldViolation("operator", "must be a name, with no 7 digits in a row")


def _range_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    for field, least, most in _RANGES:
        if not least <= getattr(settings, field) <= most:
            told = f"must be {_seconds(least)} to {_seconds(most)} seconds"
            yield FieldViolation(field, told)


def _budget_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    for field in _BUDGETS:
        if not 0 <= getattr(settings, field) <= MAX_SEGMENTS:
            yield FieldViolation(field, f"must be 0, which is no limit, to {MAX_SEGMENTS} segments")


def _relation_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    lead, shorter = settings.warning_lead, min(settings.idle_lifetime, settings.lifetime)
    if lead != _NOTHING and not MIN_LIFETIME <= lead < shorter:
        told = f"must be 0, or {_seconds(MIN_LIFETIME)} seconds or more"
        yield FieldViolation("warning_lead", f"{told} and below idle_lifetime and lifetime")
    # A number rests, and a conversation can go on, only while the ended one is kept.
    if settings.kept_after_end < max(settings.cool_off, settings.reopen_grace):
        told = "must not be below cool_off and reopen_grace"
        yield FieldViolation("kept_after_end", told)


def _keeping_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    # A receipt that finds no message moves nothing, and its failure is told to nobody.
    if settings.messages_kept < settings.text_validity + RECEIPT_WAIT:
        told = f"must be {_seconds(RECEIPT_WAIT)} seconds or more above text_validity"
        yield FieldViolation("messages_kept", f"{told}: receipts come late")
    # Without its events nobody can tell what a text was about.
    if settings.dead_letters_kept > settings.events_kept:
        yield FieldViolation("dead_letters_kept", "must not be above events_kept")


def _speech_violations(settings: PoolSettings) -> list[FieldViolation]:
    # An operator that is refused already is not refused again in every text.
    operator = "" if any(_operator_violations(settings)) else settings.operator
    return speech_violations(settings.language, operator, settings.command_words, settings.texts)


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
