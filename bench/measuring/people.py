"""Fictional phone numbers (555-01xx in many area codes)."""

from collections.abc import Iterator

# Codes that end in 11 are services, such as 911: no phone numbers begin with them. The masked
# number, which is nobody's phone, has 206.
AREA_CODES = [code for code in range(201, 1000) if code % 100 != 11 and code != 206]


def people() -> Iterator[str]:
    """Distinct numbers in E.164; there are 79,000."""
    for code in AREA_CODES:
        for rest in range(100):
            yield f"+1{code}55501{rest:02}"
