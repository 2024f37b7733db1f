"""The form of what comes in: all that is wrong with a request is told at once."""

import re
from collections.abc import Container, Sequence

from conversation_service.domain.errors import FieldViolation, InvalidArgument
from conversation_service.domain.model.messages import MAX_LENGTH, is_sendable
from conversation_service.domain.model.participants import is_e164
from conversation_service.domain.model.pool import POOL_NAME

MAX_ID_LENGTH = 64

MAX_NOTE_LENGTH = 200

MAX_BATCH = 256

# Far beyond any list that is kept.
MAX_PLACE_DIGITS = 9

MAX_ATTACHMENTS = 16

DEFAULT_PAGE_SIZE = 50

MAX_PAGE_SIZE = 500

# Of the year 9999, the last that a Timestamp may hold.
LAST_SECOND = 253_402_300_799

NANOS_OF_A_SECOND = 1_000_000_000

# Whoever reaches the gateway chooses these, and keys and logs hold them: no words, no numbers with
# their signs. Flowroute's ids have 37 characters, send tokens 43.
CARRIER_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")

SEND_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")

# The ids of a stream: milliseconds and a number, both 64 bits at the most.
CURSOR = re.compile(r"[0-9]{1,19}(-[0-9]{1,19})?")


class RequestValidator:
    """Collects violations, then raises them all."""

    def __init__(self) -> None:
        self._violations: list[FieldViolation] = []

    def identifier(self, field: str, value: str, limit: int = MAX_ID_LENGTH) -> None:
        """A required id of printable ASCII."""
        if not (0 < len(value) <= limit and value.isascii() and value.isprintable()):
            self._wrong(field, f"required, at most {limit} printable ASCII characters")

    def optional_identifier(self, field: str, value: str) -> None:
        """An id that may be empty."""
        if value:
            self.identifier(field, value)

    def carrier_id(self, field: str, value: str) -> None:
        """A required id of the carrier's."""
        if not CARRIER_ID.fullmatch(value):
            self._wrong(field, "required, at most 128 letters, digits, hyphens and underscores")

    def optional_send_token(self, field: str, value: str) -> None:
        """The token of a receipt's address, or nothing."""
        if value and not SEND_TOKEN.fullmatch(value):
            self._wrong(field, "at most 64 letters, digits, hyphens and underscores")

    def phone_number(self, field: str, value: str) -> None:
        """A required number."""
        if not is_e164(value):
            self._wrong(field, 'required in E.164, such as "+12065550100"')

    def optional_phone_number(self, field: str, value: str) -> None:
        """A number that may be empty."""
        if value:
            self.phone_number(field, value)

    def body(self, field: str, value: str, *, may_be_empty: bool) -> None:
        """A text."""
        if len(value) > MAX_LENGTH or (not value.strip() and not may_be_empty):
            lower = 0 if may_be_empty else 1
            self._wrong(field, f"between {lower} and {MAX_LENGTH} characters")

    def words(self, field: str, value: str) -> None:
        """A text that is to be sent as it is."""
        self.body(field, value, may_be_empty=False)
        if len(value) <= MAX_LENGTH and not is_sendable(value):
            self._wrong(field, "no control characters other than tabs and line breaks")

    def moment(self, field: str, seconds: int, nanos: int) -> None:
        """A time of this era, in seconds since 1970 and a fraction, as a Timestamp may hold it."""
        if not (0 <= seconds <= LAST_SECOND and 0 <= nanos < NANOS_OF_A_SECOND):
            self._wrong(field, "between the years 1970 and 9999")

    def note(self, field: str, value: str, limit: int = MAX_NOTE_LENGTH) -> None:
        """A line for staff, or nothing."""
        if len(value) > limit or not value.isprintable():
            self._wrong(field, f"at most {limit} printable characters")

    def two_people(self, field: str, numbers: Sequence[str]) -> None:
        """Two different people's numbers."""
        if len(numbers) != 2 or not all(map(is_e164, numbers)) or numbers[0] == numbers[1]:
            self._wrong(field, 'two different numbers in E.164, such as "+12065550100"')

    def distinct(self, field: str, values: Sequence[str]) -> None:
        """A list in which nothing stands twice."""
        if len(set(values)) < len(values):
            self._wrong(field, "each item once")

    def add(self, violations: Sequence[FieldViolation]) -> None:
        """What others have found wrong."""
        self._violations += violations

    def pool_name(self, field: str, value: str) -> None:
        """A name that a pool may have."""
        if not POOL_NAME.fullmatch(value):
            self._wrong(field, "up to 32 lower-case letters, digits and hyphens")

    def place(self, field: str, value: str) -> None:
        """A page token that is a place in a list, or nothing."""
        if value and not (value.isascii() and value.isdigit() and len(value) <= MAX_PLACE_DIGITS):
            self._wrong(field, "not a token of this list; begin without one")

    def number(self, field: str, value: str, highest: int) -> None:
        """A page token that is a number, or nothing."""
        digits = value.isascii() and value.isdigit() and len(value) <= len(str(highest))
        if value and not (digits and int(value) <= highest):
            self._wrong(field, "not a token of this list; begin without one")

    def cursor(self, field: str, value: str) -> None:
        """A cursor of a watch, or nothing."""
        if value and not CURSOR.fullmatch(value):
            self._wrong(field, 'the cursor of a response, "0", or nothing')

    def each_of(self, field: str, values: Sequence[str], known: Sequence[str]) -> None:
        """At least one name, all of them known."""
        if not values or any(value not in known for value in values):
            self._wrong(field, f"at least one of: {', '.join(known)}")

    def unknown_enum(self, field: str, number: int, known: Container[int]) -> None:
        """A value of an enum that this version knows."""
        if number not in known:
            self._wrong(field, "a value that this version does not know")

    def one_of(self, field: str, chosen: str | None) -> None:
        """A oneof of which one must be set."""
        if chosen is None:
            self._wrong(field, "required; set one of its fields")

    def true(self, field: str, value: bool) -> None:
        """A flag that means something only when it is set."""
        if not value:
            self._wrong(field, "must be true when it is set")

    def batch(self, field: str, items: Sequence[object]) -> None:
        """Between one and the most items a call may bring."""
        if not 0 < len(items) <= MAX_BATCH:
            self._wrong(field, f"between 1 and {MAX_BATCH} items")

    def at_most(self, field: str, items: Sequence[object], limit: int) -> None:
        """A bounded list."""
        if len(items) > limit:
            self._wrong(field, f"at most {limit} items")

    def not_negative(self, field: str, value: int) -> None:
        """A count."""
        if value < 0:
            self._wrong(field, "must not be negative")

    def check(self) -> None:
        """Raises InvalidArgument if anything was wrong."""
        if self._violations:
            raise InvalidArgument(self._violations)

    def _wrong(self, field: str, description: str) -> None:
        self._violations.append(FieldViolation(field, description))
