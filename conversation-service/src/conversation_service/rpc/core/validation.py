"""Validation of requests: all violations are reported at once."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence

from conversation_service.domain.errors import FieldViolation, InvalidArgument
from conversation_service.domain.model.conversation import labels_violation
from conversation_service.domain.model.messages import MAX_LENGTH, is_sendable
from conversation_service.domain.model.participants import is_e164
from conversation_service.domain.model.pool import POOL_NAME
from runtime.logging.phone_numbers import scrub_phone_numbers

MAX_ID_LENGTH = 64

MAX_NOTE_LENGTH = 200

MAX_BATCH = 256

MAX_ATTACHMENTS = 16

DEFAULT_PAGE_SIZE = 50

MAX_PAGE_SIZE = 500

# Far beyond the length of any stored list.
MAX_CURSOR_INDEX = 999_999_999

# The last second of the year 9999, the maximum of a Timestamp.
MAX_SECONDS = 253_402_300_799

NANOS_PER_SECOND = 1_000_000_000

# Anybody who reaches the gateway can choose these, and keys and logs contain them: no words, and
# no phone numbers with their "+". Flowroute's ids have 37 characters, send tokens 43.
CARRIER_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")

CARRIER_ACCOUNT = re.compile(r"[a-z0-9-]{0,64}")

SEND_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")

# Redis stream ids: milliseconds and a sequence number, of 64 bits each.
EVENT_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")

# A change's id, and the place of one of its other messages.
MESSAGE_ID = re.compile(r"[0-9A-Za-z]{18}(-[0-9]{1,4})?")

# As the messaging service has it.
MAX_URL_LENGTH = 4096

MEDIA_URL = re.compile(r"https?://[!-~]+")

MEDIA_TYPE = re.compile(r"(?=.{1,255}$)[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(; ?[ -~]+)?")


class RequestValidator:
    """Collects violations; check() raises them together."""

    def __init__(self) -> None:
        self._violations: list[FieldViolation] = []

    def check(self) -> None:
        """Raises InvalidArgument if there are violations."""
        if self._violations:
            raise InvalidArgument(self._violations)

    def add(self, violations: Iterable[FieldViolation]) -> None:
        """Adds violations of rules that are checked elsewhere."""
        self._violations += violations

    def identifier(self, field: str, value: str, limit: int = MAX_ID_LENGTH) -> None:
        """A required id of printable ASCII."""
        if not (0 < len(value) <= limit and value.isascii() and value.isprintable()):
            self._add(field, f"required, at most {limit} printable ASCII characters")

    def optional_identifier(self, field: str, value: str) -> None:
        """An id that may be empty."""
        if value:
            self.identifier(field, value)

    def carrier_id(self, field: str, value: str) -> None:
        """A required id from the carrier."""
        if not CARRIER_ID.fullmatch(value):
            self._add(field, "required, at most 128 letters, digits, hyphens and underscores")

    def carrier_account(self, field: str, value: str) -> None:
        """The id of a carrier account; empty for the only one."""
        if not CARRIER_ACCOUNT.fullmatch(value):
            self._add(field, "at most 64 lower-case letters, digits and hyphens")

    def optional_send_token(self, field: str, value: str) -> None:
        """The send token of a delivery receipt's URL; may be empty."""
        if value and not SEND_TOKEN.fullmatch(value):
            self._add(field, "at most 64 letters, digits, hyphens and underscores")

    def pool_id(self, field: str, value: str) -> None:
        """The id of a new pool."""
        if not POOL_NAME.fullmatch(value):
            self._add(field, "up to 32 lower-case letters, digits and hyphens")

    def phone_number(self, field: str, value: str) -> None:
        """A required phone number."""
        if not is_e164(value):
            self._add(field, 'required in E.164, such as "+12065550100"')

    def optional_phone_number(self, field: str, value: str) -> None:
        """A phone number that may be empty."""
        if value:
            self.phone_number(field, value)

    def length(self, field: str, value: str, *, may_be_empty: bool) -> None:
        """Text of the length of a message."""
        if len(value) > MAX_LENGTH or (not value.strip() and not may_be_empty):
            lower = 0 if may_be_empty else 1
            self._add(field, f"between {lower} and {MAX_LENGTH} characters")

    def body(self, field: str, value: str, *, may_be_empty: bool) -> None:
        """The body of a message to send."""
        self.length(field, value, may_be_empty=may_be_empty)
        if len(value) <= MAX_LENGTH and not is_sendable(value):
            self._add(field, "no control characters other than tabs and line breaks")

    def media_url(self, field: str, value: str) -> None:
        """The address of a file to send; the messaging service knows the allowed origins."""
        if not (len(value) <= MAX_URL_LENGTH and MEDIA_URL.fullmatch(value)):
            self._add(
                field, f"required, an http or https address, up to {MAX_URL_LENGTH} characters"
            )

    def media_type(self, field: str, value: str) -> None:
        """The declared type of a file to send; may be empty."""
        if value and not MEDIA_TYPE.fullmatch(value):
            self._add(field, 'a media type, such as "image/jpeg", of at most 255 characters')

    def note(self, field: str, value: str, limit: int = MAX_NOTE_LENGTH) -> None:
        """A note for staff; may be empty."""
        if len(value) > limit or not value.isprintable():
            self._add(field, f"at most {limit} printable characters")

    def without_phone_number(self, field: str, value: str) -> None:
        """A text that no phone number may be in."""
        if scrub_phone_numbers(value) != value:
            self._add(field, "must not contain a phone number")

    def timestamp(self, field: str, seconds: int, nanos: int) -> None:
        """A valid Timestamp that is not before 1970."""
        if not (0 <= seconds <= MAX_SECONDS and 0 <= nanos < NANOS_PER_SECOND):
            self._add(field, "between the years 1970 and 9999")

    def enum(self, field: str, number: int, allowed: Container[int]) -> None:
        """A value of an enum that this version knows."""
        if number not in allowed:
            self._add(field, "a value that this version does not know")

    def oneof(self, field: str, chosen: str | None) -> None:
        """A oneof that must be set."""
        if chosen is None:
            self._add(field, "required; set one of its fields")

    def labels(self, field: str, labels: Mapping[str, str]) -> None:
        """The labels of a conversation."""
        if violation := labels_violation(labels):
            self._add(field, violation)

    def batch(self, field: str, items: Sequence[object]) -> None:
        """The items of a batch."""
        self.items(field, items, MAX_BATCH)

    def items(self, field: str, items: Sequence[object], limit: int) -> None:
        """A list that is not empty."""
        if not 0 < len(items) <= limit:
            self._add(field, f"between 1 and {limit} items")

    def max_items(self, field: str, items: Sequence[object], limit: int) -> None:
        """A list with an upper limit."""
        if len(items) > limit:
            self._add(field, f"at most {limit} items")

    def distinct(self, field: str, values: Sequence[str]) -> None:
        """A list without duplicates."""
        if len(set(values)) < len(values):
            self._add(field, "each item once")

    def count(self, field: str, value: int, limit: int) -> None:
        """A number of items; zero stands for the limit."""
        if not 0 <= value <= limit:
            self._add(field, f"between 0 and {limit}")

    def differs(self, field: str, value: str, other: str, other_field: str) -> None:
        """A value that must not be the same as that of another field."""
        if value and value == other:
            self._add(field, f"must not be the {other_field}")

    def page_size(self, value: int) -> None:
        """The field `page_size`; zero stands for the default."""
        if value < 0:
            self._add("page_size", "must not be negative")

    def cursor_index(self, field: str, value: str, highest: int = MAX_CURSOR_INDEX) -> None:
        """A page token that is an index; may be empty."""
        digits = value.isascii() and value.isdigit() and len(value) <= len(str(highest))
        if value and not (digits and int(value) <= highest):
            self._add(field, "not a page token of this list; leave it empty to begin")

    def event_id(self, field: str, value: str) -> None:
        """The required id of an event, which is a cursor and a page token."""
        if not EVENT_ID.fullmatch(value):
            self._add(field, "required, the cursor of a response or the id of an event")

    def optional_event_id(self, field: str, value: str) -> None:
        """The id of an event that may be empty."""
        if value:
            self.event_id(field, value)

    def optional_message_id(self, field: str, value: str) -> None:
        """The id of a message that may be empty."""
        if value and not MESSAGE_ID.fullmatch(value):
            self._add(field, "the id of a message, or empty to begin")

    def _add(self, field: str, description: str) -> None:
        self._violations.append(FieldViolation(field, description))
