"""A callback's body without its wrapping.

Flowroute posts one of two wrappings: JSON:API, where everything is in `data` and
`data.attributes`, and a flat object. Receipts were also logged with `attributes` but without
`data`. Keys may be added at any time (Flowroute docs, versioning philosophy), so unknown ones
are ignored.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Never

from gateway.problems import Unreadable

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
        raise Unreadable("The body is not JSON in UTF-8. Send one JSON object.") from None
    if not isinstance(value, dict):
        raise Unreadable("The body is not a JSON object. Send one JSON object.")
    return value


def _object_at(parent: Mapping[str, object], key: str) -> Mapping[str, object] | None:
    value = parent.get(key)
    return value if isinstance(value, dict) else None


def _refuse_constant(_: str) -> Never:
    # Python would take NaN and Infinity; JSON has neither.
    raise ValueError


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
