"""Single values as the carrier writes them."""

import re
from datetime import UTC, datetime

from gateway.problems import Unreadable

INT32_LIMIT = 2**31
INT64_LIMIT = 2**63

_FIRST_TIME = datetime.fromtimestamp(0, UTC)

# Flowroute's are `mdr2-` and 32 digits of a UUID (logged). Nothing else can come to stand in keys
# and logs by this way, so nobody writes words into them.
_CARRIER_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_DECIMAL = re.compile(r"[0-9]{1,19}")


def to_id(value: object) -> str:
    """The carrier's id, an opaque string. Raises Unreadable when there is none."""
    if not isinstance(value, str) or not _CARRIER_ID.fullmatch(value):
        raise Unreadable("id is missing or is not a string of 1 to 128 of A-Z, a-z, 0-9, _ and -.")
    return value


def to_text(value: object) -> str:
    """A string that protobuf can carry, which a lone surrogate is not; empty when it is none."""
    return _LONE_SURROGATE.sub("\ufffd", value) if isinstance(value, str) else ""


def to_time(value: object) -> datetime | None:
    """An ISO 8601 time with any fraction, in UTC; None when it is none, or has no offset.

    None before 1970 too: the conversation service refuses such a text, which would be lost.
    """
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
        time = read.astimezone(UTC) if read.tzinfo else None
    except (ValueError, OverflowError):
        return None
    return time if time and time >= _FIRST_TIME else None


def to_count(value: object, limit: int) -> int | None:
    """A whole number from 0 up to and without `limit`, written as a number or a string."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < limit:
        return value
    return None
