"""The form of what comes in: all that is wrong with a request is told at once."""

from collections.abc import Sequence

from conversation_service.domain.errors import FieldViolation, InvalidArgument
from conversation_service.domain.phone import is_e164

MAX_ID_LENGTH = 64
# Carriers' ids are longer than ours; Flowroute's have 37 characters.
MAX_CARRIER_ID_LENGTH = 128
# Ten times what a carrier takes in one text; whoever writes more is told so.
MAX_BODY_LENGTH = 10_000
MAX_BATCH = 256
MAX_ATTACHMENTS = 16
DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 500


class Shape:
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
        if len(value) > MAX_BODY_LENGTH or (not value.strip() and not may_be_empty):
            lower = 0 if may_be_empty else 1
            self._wrong(field, f"between {lower} and {MAX_BODY_LENGTH} characters")

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
