"""Which settings a pool may have."""

from collections.abc import Iterator
from datetime import timedelta

from conversation_service.domain.errors import FieldViolation
from conversation_service.domain.keywords.normalization import folded
from conversation_service.domain.model.pool import CampaignBudget, PoolSettings
from conversation_service.domain.templates.catalog import MAX_DURATION, Operator
from conversation_service.domain.templates.languages import catalog_violations
from conversation_service.domain.templates.validation import (
    is_plain,
    shows_phone_number,
    shows_web_address,
)

# With it the longest system message still fits one segment of 160 characters.
MAX_OPERATOR_LENGTH = 30

MAX_CONTACT_LENGTH = 30

# Short, as every system message has it and fits one segment.
MAX_PREFIX_LENGTH = 20

# Messages take seconds, and durations are shown to people in minutes.
MIN_LIFETIME = timedelta(minutes=1)

# Anybody who has a valid code can join with it.
MAX_CODE_LIFETIME = timedelta(hours=24)

# Two people who have not texted for a year do not need their number any more.
MAX_IDLE_TIMEOUT = timedelta(days=365)

MAX_LIFETIME = MAX_DURATION

# With a longer one the numbers of a pool run out while they cool off.
MAX_COOL_OFF = timedelta(days=30)

MAX_REOPEN_WINDOW = timedelta(days=30)

# Operators need time to look into complaints.
MIN_CONVERSATIONS_KEPT = timedelta(hours=1)

MAX_CONVERSATIONS_KEPT = timedelta(days=365)

# A message may wait out a short outage. The maximum is below the least time that idempotency
# records are kept (72 hours), with room for its delivery receipt.
MIN_MESSAGE_VALIDITY = timedelta(minutes=1)

MAX_MESSAGE_VALIDITY = timedelta(hours=48)

# Longer than anything may be repeated: the carrier's resends take minutes, reconciliation and the
# validity of a message 48 hours. At most a month, as stored responses hold people's numbers.
MIN_IDEMPOTENCY_RECORDS_KEPT = timedelta(hours=72)

MAX_IDEMPOTENCY_RECORDS_KEPT = timedelta(days=30)

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
MAX_MESSAGES_PER_MINUTE = 1000

MAX_MESSAGES_PER_DAY = 100_000

# Who opens more for one person works against the limit.
MAX_OPENINGS_PER_DAY = 1000

MAX_REOPEN_PAUSE = timedelta(days=30)

_ZERO = timedelta(0)

_RANGES = {
    "lifecycle": {
        "join_code_lifetime": (MIN_LIFETIME, MAX_CODE_LIFETIME),
        "idle_timeout": (MIN_LIFETIME, MAX_IDLE_TIMEOUT),
        "max_lifetime": (MIN_LIFETIME, MAX_LIFETIME),
        "cool_off": (_ZERO, MAX_COOL_OFF),
        "reopen_window": (_ZERO, MAX_REOPEN_WINDOW),
    },
    "retention": {
        "conversations": (MIN_CONVERSATIONS_KEPT, MAX_CONVERSATIONS_KEPT),
        "idempotency_records": (MIN_IDEMPOTENCY_RECORDS_KEPT, MAX_IDEMPOTENCY_RECORDS_KEPT),
        "messages": (MIN_MESSAGES_KEPT, MAX_MESSAGES_KEPT),
        "events": (MIN_EVENTS_KEPT, MAX_EVENTS_KEPT),
        "dead_letters": (MIN_DEAD_LETTERS_KEPT, MAX_DEAD_LETTERS_KEPT),
    },
    "sending": {"message_validity": (MIN_MESSAGE_VALIDITY, MAX_MESSAGE_VALIDITY)},
    "consent": {"reopen_pause": (_ZERO, MAX_REOPEN_PAUSE)},
}

_LIMITS = {
    "relay": {
        "max_message_segments": MAX_MESSAGE_SEGMENTS,
        "max_messages_per_minute": MAX_MESSAGES_PER_MINUTE,
        "max_messages_per_day": MAX_MESSAGES_PER_DAY,
    },
    "consent": {"max_openings_per_day": MAX_OPENINGS_PER_DAY},
}

_BUDGETS = ("segments_per_minute", "segments_per_day")


def settings_violations(settings: PoolSettings) -> list[FieldViolation]:
    """All violations of a pool's settings; fields are named as in PoolSettings."""
    return [
        *_operator_violations(settings),
        *_contact_violations(settings),
        *_prefix_violations(settings),
        *_range_violations(settings),
        *_budget_violations(settings.sending.campaign_budget),
        *_limit_violations(settings),
        *_lifecycle_violations(settings),
        *_retention_violations(settings),
        *_language_violations(settings),
    ]


def _operator_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    name, operator = "operator_name", settings.operator_name
    if not 1 <= len(operator) <= MAX_OPERATOR_LENGTH or not is_plain(operator):
        expected = f"must be 1 to {MAX_OPERATOR_LENGTH} characters of printable ASCII, without `"
        yield FieldViolation(name, expected)
    elif not operator.strip() or shows_phone_number(operator):
        yield FieldViolation(name, "must be a name, with no 7 digits in a row")


def _contact_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    contact = settings.contact
    is_valid = len(contact) <= MAX_CONTACT_LENGTH and is_plain(contact)
    if not is_valid or contact != contact.strip():
        expected = f"must be 1 to {MAX_CONTACT_LENGTH} characters of printable ASCII, without `"
        yield FieldViolation("contact", f"{expected} and without blanks at its ends")


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
    for group, ranges in _RANGES.items():
        values = getattr(settings, group)
        for field, (least, most) in ranges.items():
            if not least <= getattr(values, field) <= most:
                expected = f"must be {_seconds(least)} to {_seconds(most)} seconds"
                yield FieldViolation(f"{group}.{field}", expected)


def _budget_violations(budget: CampaignBudget) -> Iterator[FieldViolation]:
    for field in _BUDGETS:
        if not 0 <= getattr(budget, field) <= MAX_SEGMENTS:
            expected = f"must be 0, which is no limit, to {MAX_SEGMENTS} segments"
            yield FieldViolation(f"sending.campaign_budget.{field}", expected)


def _limit_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    for group, limits in _LIMITS.items():
        for field, most in limits.items():
            if not 1 <= getattr(getattr(settings, group), field) <= most:
                yield FieldViolation(f"{group}.{field}", f"must be 1 to {most}")


def _lifecycle_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    lifecycle = settings.lifecycle
    lead, shorter = (
        lifecycle.expiry_warning_lead,
        min(lifecycle.idle_timeout, lifecycle.max_lifetime),
    )
    if lead != _ZERO and not MIN_LIFETIME <= lead < shorter:
        expected = f"must be 0, or {_seconds(MIN_LIFETIME)} seconds or more"
        yield FieldViolation(
            "lifecycle.expiry_warning_lead",
            f"{expected} and below lifecycle.idle_timeout and lifecycle.max_lifetime",
        )
    # Cool-off and reopening need the ended conversation.
    if settings.retention.conversations < max(lifecycle.cool_off, lifecycle.reopen_window):
        expected = "must not be below lifecycle.cool_off and lifecycle.reopen_window"
        yield FieldViolation("retention.conversations", expected)


def _retention_violations(settings: PoolSettings) -> Iterator[FieldViolation]:
    retention = settings.retention
    # A receipt without its message changes no state, and nobody is notified of a failure.
    if retention.messages < settings.sending.message_validity + RECEIPT_WAIT:
        expected = (
            f"must be {_seconds(RECEIPT_WAIT)} seconds or more above sending.message_validity"
        )
        yield FieldViolation("retention.messages", f"{expected}: receipts come late")
    # The events of a message explain its dead letter.
    if retention.dead_letters > retention.events:
        yield FieldViolation("retention.dead_letters", "must not be above retention.events")


def _language_violations(settings: PoolSettings) -> list[FieldViolation]:
    # A wrong operator, contact or prefix is reported once, not again for every system message.
    operator = Operator(
        "" if any(_operator_violations(settings)) else settings.operator_name,
        "" if any(_contact_violations(settings)) else settings.contact,
    )
    prefix = "" if any(_prefix_violations(settings)) else settings.system_message_prefix
    keywords, templates = settings.keywords.chosen, settings.templates
    offered = settings.keywords.safety_keywords
    return catalog_violations(settings.language, operator, keywords, templates, prefix, offered)


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())
