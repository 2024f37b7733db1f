"""Fictional phone numbers (555-01xx in many area codes)."""

from collections.abc import Iterator
from itertools import count

FIRST_AREA_CODE = 201

NUMBERS_IN_AN_AREA = 100


def people() -> Iterator[str]:
    """Distinct numbers in E.164."""
    for number in count():
        area, rest = divmod(number, NUMBERS_IN_AN_AREA)
        yield f"+1{FIRST_AREA_CODE + area}55501{rest:02}"
