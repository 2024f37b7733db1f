"""Parses request bodies of the control API."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from starlette.requests import Request

from simulator.callbacks.inbound import CallbackShape
from simulator.callbacks.receipts import ReceiptShape
from simulator.carrier import Behaviour
from simulator.control.problems import BadRequest
from simulator.phone_numbers import to_e164

# Longer than the gateway's limit, so that this limit can be tested.
MAX_BODY_CHARACTERS = 20_000

Choice = TypeVar("Choice", bound=StrEnum)
Fields = Mapping[str, object]


async def read_fields(request: Request) -> Fields:
    """The JSON object in a body. Raises BadRequest.

    A browser sends this content type to another origin only after a CORS preflight, so pages of
    other sites cannot type texts.
    """
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise BadRequest("Send the content type application/json.")
    try:
        fields: object = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise BadRequest("The body must be JSON.") from None
    if not isinstance(fields, dict):
        raise BadRequest("The body must be a JSON object.")
    return fields


def number(fields: Fields, name: str) -> str:
    """A phone number. Raises BadRequest."""
    value = fields.get(name)
    try:
        return to_e164(value if isinstance(value, str) else "")
    except ValueError as error:
        raise BadRequest(f"'{name}' {error}.") from None


def message_body(fields: Fields) -> str:
    """The body of a typed text. Raises BadRequest."""
    body = fields.get("body", "")
    if not isinstance(body, str) or len(body) > MAX_BODY_CHARACTERS:
        raise BadRequest(f"'body' must be a string of at most {MAX_BODY_CHARACTERS} characters.")
    # Half of a surrogate pair cannot be encoded as UTF-8, and no handset sends one.
    return body.encode("utf-8", "replace").decode()


def behaviour(fields: Fields, current: Behaviour) -> Behaviour:
    """The current settings with the given fields changed. Raises BadRequest."""
    handset = fields.get("handset_receipts", current.handset_receipts)
    if not isinstance(handset, bool):
        raise BadRequest("'handset_receipts' must be true or false.")
    return Behaviour(
        callback_shape=_choice(fields, "callback_shape", CallbackShape, current.callback_shape),
        receipt_shape=_choice(fields, "receipt_shape", ReceiptShape, current.receipt_shape),
        handset_receipts=handset,
    )


def _choice(fields: Fields, name: str, choices: type[Choice], current: Choice) -> Choice:
    value = fields.get(name, current.value)
    for choice in choices:
        if choice == value:
            return choice
    raise BadRequest(f"'{name}' must be one of {', '.join(choices)}.")
