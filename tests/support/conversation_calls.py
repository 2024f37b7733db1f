"""Calls of the conversation service's RPCs, and what comes back, in few words."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from uuid import uuid4

import grpc
import pytest
from google.protobuf.message import Message

from conversation_service.rpc.core.status import DOMAIN
from maskline.conversation.v1 import event_pb2
from support.conversations import POOL
from support.grpc_calls import reason

# A limit for a machine that is busy with something else; nothing is ever asserted about speed.
CALL_SECONDS = 30.0

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response")


async def ask(
    method: "grpc.aio.UnaryUnaryMultiCallable[Request, Response]", request: Request
) -> Response:
    """Calls a method; the request needs to name no id and no pool, unless it is about them."""
    return await method(filled(request), timeout=CALL_SECONDS)


def filled(request: Request) -> Request:
    """The request with an id of its own, in the tests' pool, where it names none."""
    whole = type(request)()
    whole.CopyFrom(request)
    for field, value in (("request_id", str(uuid4())), ("pool", POOL.name)):
        if field in whole.DESCRIPTOR.fields_by_name and not getattr(whole, field):
            setattr(whole, field, value)
    return whole


@contextmanager
def refused(expected: str) -> Iterator[None]:
    """What is called here is refused for this reason."""
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        yield
    assert reason(refusal.value, DOMAIN) == expected


def kinds(events: Iterable[event_pb2.Event]) -> list[tuple[str, str]]:
    """The types of events, by their names without a prefix, and their details."""
    return [(kind(event), event.detail) for event in events]


def kind(event: event_pb2.Event) -> str:
    """The type of an event, by its name without a prefix."""
    return event_pb2.EventType.Name(event.type).removeprefix("EVENT_TYPE_")
