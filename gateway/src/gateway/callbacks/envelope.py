"""A callback's body without its wrapping.

Flowroute posts one of two wrappings: JSON:API, where everything is in `data` and
`data.attributes`, and a flat object. Receipts were also logged with `attributes` but without
`data`. Keys may be added at any time (Flowroute docs, versioning philosophy), so unknown ones
are ignored.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Never

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.problems import MalformedCallback

DELIVERY_RECEIPT = "delivery_receipt"


@dataclass(frozen=True, slots=True, repr=False)
class Callback:
    """One JSON object in whichever wrapping it came; its values are still unchecked."""

    type: object
    carrier_message_id: object
    attributes: Mapping[str, object]
    included: object


def read_callback(body: bytes) -> Callback:
    """Takes the wrapping off. Raises Unreadable when the body is not one JSON object."""
    top = _object(body)
    data = _object_at(top, "data") or top
    attributes = _object_at(data, "attributes") or data
    return Callback(data.get("type"), data.get("id"), attributes, top.get("included"))


def _object(body: bytes) -> Mapping[str, object]:
    try:
        value: object = _DECODER.decode(body.decode())
    except (ValueError, RecursionError):
        # Not chained: the decoder's words may hold a piece of the body.
        raise MalformedCallback("The body is not JSON in UTF-8. Send one JSON object.") from None
    if not isinstance(value, dict):
        raise MalformedCallback("The body is not a JSON object. Send one JSON object.")
    return value


def _object_at(parent: Mapping[str, object], key: str) -> Mapping[str, object] | None:
    value = parent.get(key)
    return value if isinstance(value, dict) else None


def _refuse_constant(_: str) -> Never:
    # Python would take NaN and Infinity; JSON has neither.
    raise ValueError


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)

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
        raise MalformedCallback(
            "id is missing or is not a string of 1 to 128 of A-Z, a-z, 0-9, _ and -."
        )
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


def _to_timestamp(time: datetime | None) -> Timestamp | None:
    if time is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp
