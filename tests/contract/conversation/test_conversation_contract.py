"""The contract of the conversation service: what is published is what is served."""

import re
from collections.abc import Iterator
from inspect import signature
from itertools import chain

import grpc
import pytest
from contract.conversation.documented import PROTOS
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as ConnectionBroken

from conversation_service.app.application import SERVICE_NAMES, SERVICES
from conversation_service.application.admin.deployment_checks import CheckOutcome
from conversation_service.domain import errors
from conversation_service.domain.errors import ConversationError, FieldViolation
from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.model.conversation import EndReason, State
from conversation_service.domain.model.events import EventType
from conversation_service.domain.model.messages import MessageState
from conversation_service.domain.model.pool import NumberPreference, NumberState, PausePolicy
from conversation_service.messaging.send import STATES
from conversation_service.rpc.core.status import CODES, DOMAIN, status_of
from conversation_service.store.outbox.dead_letters import DeadLetterReason
from maskline.conversation.v1 import (
    conversation_pb2,
    dead_letter_pb2,
    deployment_pb2,
    event_pb2,
    number_selection_pb2,
    opt_out_pb2,
    pool_pb2,
)
from maskline.conversation.v1.error_reason_pb2 import ErrorReason
from runtime.grpc.authorization import REASONS
from support.clock import ManualClock
from support.conversation_service import running
from support.eventually import eventually
from support.grpc_calls import call_with_nothing, is_serving, reflected_methods, retried_methods
from support.redis_relay import redis_relay

# Asked nothing, these have something to say.
ANSWERED = {"ListPools", "CheckDeployment"}


def methods(service: ServiceDescriptor) -> set[str]:
    return {method.name for method in service.methods}


def refusals(parent: type[ConversationError] = ConversationError) -> Iterator[type]:
    for child in parent.__subclasses__():
        yield child
        yield from refusals(child)


def test_published_reasons_are_the_classes_and_the_table() -> None:
    reasons = ErrorReason.DESCRIPTOR.values_by_name
    published = {name.removeprefix("ERROR_REASON_") for name in reasons} - {"UNSPECIFIED"}
    # These two are given before a service is asked.
    published -= REASONS
    assert {error.reason for error in CODES} == published
    named = {one for one in refusals() if "reason" in vars(one)}
    assert named == set(CODES)
    assert {one for one in vars(errors).values() if isinstance(one, type)} >= set(CODES)


def test_every_code_is_the_one_that_the_contract_publishes() -> None:
    comments = comments_of_reasons()
    for kind, code in CODES.items():
        assert comments[kind.reason].startswith(code.name), kind.reason


@pytest.mark.parametrize("kind", CODES, ids=lambda kind: kind.reason)
def test_a_refusal_tells_what_the_contract_promises_with_it(kind: type[ConversationError]) -> None:
    sample, promised = made(kind), comments_of_reasons()[kind.reason]
    status = status_of(sample)
    assert status is not None
    assert set(re.findall(r'metadata "(\w+)"', promised)) == set(status.metadata)
    assert all(value in status.message for value in status.metadata.values())
    assert bool(status.retry_after) == ("RetryInfo" in promised)
    assert bool(status.violations) == ("BadRequest" in promised)


def test_a_backend_that_fails_is_a_refusal_and_a_surprise_is_none() -> None:
    for failure in (ConnectionBroken("hunter2"), OSError("hunter2")):
        status = status_of(failure)
        assert status is not None
        assert status.reason == "BACKEND_UNAVAILABLE"
        assert "hunter2" not in status.message
    assert status_of(ValueError("hunter2")) is None
    assert DOMAIN == "conversation.maskline"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_every_method_is_served_and_refuses_an_empty_request_that_lacks_something(
    redis: Redis, redis_url: str, clock: ManualClock, service: ServiceDescriptor
) -> None:
    async with running(redis_url, clock) as served:
        found = await reflected_methods(served.channel, service.full_name)
        assert found == methods(service)
        for method in methods(service) - ANSWERED:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call_with_nothing(served.channel, service.full_name, method)
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT, method
        for method in methods(service) & ANSWERED:
            await call_with_nothing(served.channel, service.full_name, method)


async def test_health_is_told_of_each_service_and_true_only_while_redis_answers(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with redis_relay(redis_url) as relay, running(relay.url, clock) as served:

        async def well() -> set[bool]:
            names = ("", *SERVICE_NAMES)
            return {await is_serving(served.channel, name) for name in names}

        async def all_serve() -> bool:
            return await well() == {True}

        async def none_serves() -> bool:
            return await well() == {False}

        await eventually(all_serve)
        await relay.cut()
        await eventually(none_serves)
        await relay.mend()
        await eventually(all_serve)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_what_is_retried_is_what_may_be_repeated(service: ServiceDescriptor) -> None:
    repeatable = {
        method.name
        for method in service.methods
        if method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN
    }
    assert retried_methods(service) == repeatable == methods(service)


def test_every_change_carries_an_id_of_its_own() -> None:
    every = chain.from_iterable(service.methods for service in SERVICES)
    changes = [
        method
        for method in every
        if method.GetOptions().idempotency_level == MethodOptions.IDEMPOTENT
    ]
    # Their items carry the carrier's ids.
    handed_in = {"ReceiveMessages", "ReceiveDeliveryReceipts"}
    named = [method.name for method in changes if "request_id" in method.input_type.fields_by_name]
    assert set(named) == {method.name for method in changes} - handed_in


def test_every_state_of_a_text_is_understood() -> None:
    assert set(STATES.values()) == set(MessageState)


def test_every_value_of_the_contract_has_its_word() -> None:
    for enum, words in (
        (conversation_pb2.ConversationState.DESCRIPTOR, State),
        (conversation_pb2.EndReason.DESCRIPTOR, EndReason),
        (conversation_pb2.MessageState.DESCRIPTOR, MessageState),
        (event_pb2.EventType.DESCRIPTOR, EventType),
        (opt_out_pb2.OptOutSource.DESCRIPTOR, OptOutSource),
        (number_selection_pb2.NumberPreference.DESCRIPTOR, NumberPreference),
        (pool_pb2.NumberState.DESCRIPTOR, NumberState),
        (pool_pb2.PausePolicy.DESCRIPTOR, PausePolicy),
        (deployment_pb2.CheckOutcome.DESCRIPTOR, CheckOutcome),
        (dead_letter_pb2.DeadLetterReason.DESCRIPTOR, DeadLetterReason),
    ):
        nothing, *published = (value.name for value in enum.values)
        prefix = nothing.removesuffix("UNSPECIFIED")
        assert [name.removeprefix(prefix) for name in published] == [word.name for word in words]


def made(kind: type[ConversationError]) -> ConversationError:
    if kind is errors.InvalidArgument:
        return errors.InvalidArgument([FieldViolation("field", "wrong")])
    # What a refusal is about is told in its metadata.
    about = ["c1"] * len(signature(kind).parameters)
    return kind(*about)


def comments_of_reasons() -> dict[str, str]:
    """What stands above each reason in the contract."""
    source = (PROTOS / "error_reason.proto").read_text()
    values = re.findall(r"((?:^  //.*\n)+)^  ERROR_REASON_(\w+) =", source, re.MULTILINE)
    return {name: comment.replace("//", "").strip() for comment, name in values}
