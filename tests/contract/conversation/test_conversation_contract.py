"""The contract of the conversation service: what is published is what is served."""

from collections.abc import Iterator

import grpc
import pytest
from google.protobuf.descriptor_pb2 import MethodOptions
from redis.asyncio import Redis

from conversation_service.domain import errors
from conversation_service.domain.errors import ConversationError
from conversation_service.domain.message import MessageState
from conversation_service.messaging.client import _STATES
from conversation_service.rpc.refusals import CODES
from maskline.conversation.v1 import conversation_pb2
from maskline.conversation.v1.error_reason_pb2 import ErrorReason
from support.clock import ManualClock
from support.conversation_service import running
from support.grpc_calls import call_with_nothing, reflected_methods, retried_methods

SERVICE = conversation_pb2.DESCRIPTOR.services_by_name["ConversationService"]
METHODS = {method.name for method in SERVICE.methods}


def refusals(parent: type[ConversationError] = ConversationError) -> Iterator[type]:
    for child in parent.__subclasses__():
        yield child
        yield from refusals(child)


def test_published_reasons_are_the_classes_and_the_table() -> None:
    reasons = ErrorReason.DESCRIPTOR.values_by_name
    published = {name.removeprefix("ERROR_REASON_") for name in reasons} - {"UNSPECIFIED"}
    assert {error.reason for error in CODES} == published
    named = {one for one in refusals() if "reason" in vars(one)}
    assert named == set(CODES)
    assert {one for one in vars(errors).values() if isinstance(one, type)} >= set(CODES)


async def test_every_method_is_served(redis: Redis, redis_url: str, clock: ManualClock) -> None:
    async with running(redis_url, clock) as service:
        assert await reflected_methods(service.channel, SERVICE.full_name) == METHODS
        for method in METHODS:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call_with_nothing(service.channel, SERVICE.full_name, method)
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_what_is_retried_is_what_may_be_repeated() -> None:
    repeatable = {
        method.name
        for method in SERVICE.methods
        if method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN
    }
    assert retried_methods(SERVICE) == repeatable == METHODS


def test_every_state_of_a_text_is_understood() -> None:
    assert set(_STATES.values()) == set(MessageState)
