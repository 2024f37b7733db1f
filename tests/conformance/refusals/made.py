"""What all tables of refusals are made with."""

from collections.abc import Callable
from typing import TypeVar

from conformance.kit.own_pool import OwnPool, owner_of
from google.protobuf.message import Message

# Makes everything ready and returns the request that is refused.
Maker = Callable[[OwnPool], Message]
Table = dict[str, dict[str, Maker]]

Request = TypeVar("Request", bound=Message)

TOO_LONG = "x" * 65
NO_POOL = "no-such-pool"
NOTHING = "no-such-thing"


def with_fields(request: Request, fields: dict[str, str]) -> Request:
    """The request with these fields, of its own or of the resource in it."""
    for name, value in fields.items():
        setattr(owner_of(name, request), name, value)
    return request


def carried_out(own: OwnPool, request: Request, **changes: str) -> Request:
    """The request after it was carried out once, then changed."""
    own.invoke(request)
    return with_fields(request, changes)
