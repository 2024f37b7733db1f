"""Short forms for calls of the conversation service and for what they return."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from uuid import uuid4

import grpc
import pytest
from google.protobuf.message import Message

from conversation_service.rpc.core.status import DOMAIN
from maskline.conversation.v1 import conversation_pb2, event_pb2
from support.builders.conversations import POOL
from support.net.grpc_calls import reason

# A deadline that a busy machine does not reach; no test asserts speed.
CALL_SECONDS = 120.0

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response")


async def ask(
    method: "grpc.aio.UnaryUnaryMultiCallable[Request, Response]", request: Request
) -> Response:
    """Calls a method. An empty request id or pool is filled in."""
    return await method(filled(request), timeout=CALL_SECONDS)


def filled(request: Request) -> Request:
    """The request with a new request id and the tests' pool, where they are empty."""
    copy = type(request)()
    copy.CopyFrom(request)
    pool = POOL.name
    for field, value in (("request_id", str(uuid4())), ("pool_id", pool)):
        if field in copy.DESCRIPTOR.fields_by_name and not getattr(copy, field):
            setattr(copy, field, value)
    if isinstance(copy, conversation_pb2.UpdateConversationRequest):
        copy.conversation.pool_id = copy.conversation.pool_id or pool
    return copy


def participants(*phone_numbers: str) -> list[conversation_pb2.ParticipantSpec]:
    """The participants of a new conversation."""
    return [conversation_pb2.ParticipantSpec(phone_number=number) for number in phone_numbers]


@contextmanager
def refused(expected: str) -> Iterator[None]:
    """Expects a call that is refused with this reason."""
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        yield
    assert reason(refusal.value, DOMAIN) == expected


def kinds(events: Iterable[event_pb2.Event]) -> list[tuple[str, str]]:
    """The types of events, without their prefix, and their details."""
    return [(kind(event), detail(event)) for event in events]


def kind(event: event_pb2.Event) -> str:
    """The type of an event, without its prefix."""
    return event_pb2.EventType.Name(event.type).removeprefix("EVENT_TYPE_")


def detail(event: event_pb2.Event) -> str:
    """The detail of an event in a word; a failure's reason comes before the carrier's code."""
    field = event.WhichOneof("detail")
    if field is None:
        return ""
    if field == "failure":
        return f"{_word(event.failure, 'reason')} {event.failure.carrier_code}".rstrip()
    return _word(event, field)


def _word(message: Message, field: str) -> str:
    value, enum = getattr(message, field), message.DESCRIPTOR.fields_by_name[field].enum_type
    if enum is None:
        return str(value)
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return enum.values_by_number[value].name.removeprefix(prefix)
