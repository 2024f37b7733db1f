"""The envelope of a callback, and the readers of its values.

Flowroute posts JSON:API, with everything in `data` and `data.attributes`, or a flat object.
Receipts were also logged with `attributes` but without `data`. Flowroute may add keys at any time,
so unknown ones are ignored.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Never

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.problems import MalformedCallback

INT32_LIMIT = 2**31

INT64_LIMIT = 2**63

_EPOCH = datetime.fromtimestamp(0, UTC)

# Flowroute's ids are `mdr2-` and the 32 digits of a UUID (logged). Ids become keys and log fields,
# so nobody may write other text into them.
_CARRIER_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

_DECIMAL = re.compile(r"[0-9]{1,19}")


@dataclass(frozen=True, slots=True, repr=False)
class CallbackEnvelope:
    """The parts of a callback in any shape; the values are not validated."""

    type: object
    carrier_message_id: object
    attributes: Mapping[str, object]
    included: object
    relationships: object


def read_envelope(body: bytes) -> CallbackEnvelope:
    """Raises MalformedCallback if the body is not one JSON object."""
    top = _decode(body)
    data = _object_at(top, "data") or top
    attributes = _object_at(data, "attributes") or data
    return CallbackEnvelope(
        data.get("type"),
        data.get("id"),
        attributes,
        top.get("included"),
        data.get("relationships"),
    )


def to_id(value: object) -> str:
    """The carrier's id, an opaque string. Raises MalformedCallback if there is none."""
    if not isinstance(value, str) or not _CARRIER_ID.fullmatch(value):
        raise MalformedCallback(
            "id is missing or is not a string of 1 to 128 of A-Z, a-z, 0-9, _ and -."
        )
    return value


def to_text(value: object) -> str:
    """A string without lone surrogates, which protobuf cannot encode; empty if it is no string."""
    return _LONE_SURROGATE.sub("\ufffd", value) if isinstance(value, str) else ""


def to_timestamp(value: object) -> Timestamp | None:
    """An ISO 8601 time with an offset; None if it is missing or not valid.

    None before 1970 too: the conversation service would refuse the message, which would be lost.
    """
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        utc = time.astimezone(UTC) if time.tzinfo else None
    except (ValueError, OverflowError):
        return None
    if utc is None or utc < _EPOCH:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(utc)
    return timestamp


def to_count(value: object, limit: int) -> int | None:
    """A whole number below `limit` and not negative, written as a number or a string."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < limit:
        return value
    return None


def _decode(body: bytes) -> Mapping[str, object]:
    try:
        value: object = _DECODER.decode(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        # Not chained: the message of the decoder may hold a part of the body.
        raise MalformedCallback("The body is not JSON in UTF-8. Send one JSON object.") from None
    if not isinstance(value, dict):
        raise MalformedCallback("The body is not a JSON object. Send one JSON object.")
    return value


def _object_at(parent: Mapping[str, object], key: str) -> Mapping[str, object] | None:
    value = parent.get(key)
    return value if isinstance(value, dict) else None


def _refuse_constant(_: str) -> Never:
    # Python accepts NaN and Infinity, which JSON does not have.
    raise ValueError


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
