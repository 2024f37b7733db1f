"""The published contract and the implementation agree: errors, enums, methods, retries, health."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as ConnectionBroken

from conversation_service.app.application import SERVICE_NAMES
from conversation_service.application.admin.deployment_checks import CheckOutcome
from conversation_service.domain import errors
from conversation_service.domain.errors import ConversationError, FieldViolation
from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.model.conversation import EndReason, State
from conversation_service.domain.model.events import (
    DeadLetterReason,
    EventType,
    FailureReason,
    RelayRefusal,
    SendResolution,
)
from conversation_service.domain.model.messages import MessageState
from conversation_service.domain.model.pool import NumberPreference, NumberState, PausePolicy
from conversation_service.messaging.send import STATES
from conversation_service.rpc.core.permissions import SERVICES
from conversation_service.rpc.core.status import CODES, DOMAIN, status_of
from maskline.admin.v1 import maintenance_pb2, person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2, event_pb2, message_pb2, number_selection_pb2
from maskline.conversation.v1.error_reason_pb2 import ErrorReason
from runtime.grpc import call_limits
from runtime.grpc.authorization import REASONS
from support.builders.documented_errors import CONTRACTS
from support.clock import ManualClock
from support.eventually import eventually
from support.net.grpc_calls import is_serving, reflected_methods, retried_methods
from support.redis.redis_relay import redis_relay
from support.services.conversation_service import running


def methods(service: ServiceDescriptor) -> set[str]:
    return {method.name for method in service.methods}


def refusals(parent: type[ConversationError] = ConversationError) -> Iterator[type]:
    for child in parent.__subclasses__():
        yield child
        yield from refusals(child)


def test_the_published_reasons_are_those_of_the_error_classes_and_of_the_status_table() -> None:
    reasons = ErrorReason.DESCRIPTOR.values_by_name
    published = {name.removeprefix("ERROR_REASON_") for name in reasons} - {"UNSPECIFIED"}
    # The authorization interceptor returns these two.
    published -= REASONS | call_limits.REASONS
    assert {error.reason for error in CODES} == published
    with_reason = {error for error in refusals() if "reason" in vars(error)}
    assert with_reason == set(CODES)
    assert {error for error in vars(errors).values() if isinstance(error, type)} >= set(CODES)


def test_every_error_has_the_status_and_the_details_that_the_contract_promises() -> None:
    comments = comments_of_reasons()
    for kind, code in CODES.items():
        assert comments[kind.reason].startswith(code.name), kind.reason
        comment, status = comments[kind.reason], status_of(sample(kind))
        assert status is not None, kind
        first_sentence = comment.partition(". ")[0]
        assert set(re.findall(r'"(\w+)"', first_sentence)) == set(status.metadata), kind
        assert all(value in status.message for value in status.metadata.values()), kind
        assert bool(status.retry_after) == ("RetryInfo" in comment), kind
        assert bool(status.violations) == ("BadRequest" in comment), kind


def test_a_failing_backend_has_a_status_and_an_unexpected_error_has_none() -> None:
    for failure in (ConnectionBroken("hunter2"), OSError("hunter2")):
        status = status_of(failure)
        assert status is not None
        assert status.reason == "BACKEND_UNAVAILABLE"
        assert "hunter2" not in status.message
    assert status_of(ValueError("hunter2")) is None
    assert DOMAIN == "conversation.maskline"


async def test_every_method_is_served(redis: Redis, redis_url: str, clock: ManualClock) -> None:
    async with running(redis_url, clock) as served:
        for service in SERVICES:
            reflected = await reflected_methods(served.channel, service.full_name)
            assert reflected == methods(service), service.name


async def test_every_service_is_healthy_only_while_redis_is_reachable(
    redis: Redis, redis_url: str, clock: ManualClock
) -> None:
    async with redis_relay(redis_url) as relay, running(relay.url, clock) as served:

        async def statuses() -> set[bool]:
            names = ("", *SERVICE_NAMES)
            return {await is_serving(served.channel, name) for name in names}

        async def all_serve() -> bool:
            return await statuses() == {True}

        async def none_serves() -> bool:
            return await statuses() == {False}

        await eventually(all_serve)
        await relay.cut()
        await eventually(none_serves)
        await relay.mend()
        await eventually(all_serve)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_clients_retry_exactly_the_idempotent_methods(service: ServiceDescriptor) -> None:
    idempotent = {
        method.name
        for method in service.methods
        if method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN
    }
    assert retried_methods(service) == idempotent == methods(service)


def test_every_change_carries_a_request_id() -> None:
    changes = [
        method
        for method in chain.from_iterable(service.methods for service in SERVICES)
        if method.GetOptions().idempotency_level == MethodOptions.IDEMPOTENT
    ]
    # Their items carry the carrier's ids.
    batches = {"IngestMessages", "IngestDeliveryReceipts"}
    with_id = [
        method.name for method in changes if "request_id" in method.input_type.fields_by_name
    ]
    assert set(with_id) == {method.name for method in changes} - batches


def test_every_message_state_of_the_messaging_service_is_mapped() -> None:
    # Two states are of messages that are not sent.
    unsent = {MessageState.HELD, MessageState.NOT_RELAYED}
    assert set(STATES.values()) == set(MessageState) - unsent


def test_every_enum_of_the_contract_has_the_values_of_the_domain() -> None:
    for enum, values in (
        (conversation_pb2.ConversationState.DESCRIPTOR, State),
        (conversation_pb2.EndReason.DESCRIPTOR, EndReason),
        (message_pb2.MessageState.DESCRIPTOR, MessageState),
        (event_pb2.EventType.DESCRIPTOR, EventType),
        (person_pb2.OptOutSource.DESCRIPTOR, OptOutSource),
        (number_selection_pb2.NumberPreference.DESCRIPTOR, NumberPreference),
        (pool_pb2.MaskedNumberState.DESCRIPTOR, NumberState),
        (pool_pb2.PausePolicy.DESCRIPTOR, PausePolicy),
        (maintenance_pb2.CheckOutcome.DESCRIPTOR, CheckOutcome),
        (event_pb2.DeadLetterReason.DESCRIPTOR, DeadLetterReason),
        (event_pb2.SendResolution.DESCRIPTOR, SendResolution),
        (message_pb2.FailureReason.DESCRIPTOR, FailureReason),
        (message_pb2.RelayRefusal.DESCRIPTOR, RelayRefusal),
    ):
        unspecified, *published = (value.name for value in enum.values)
        prefix = unspecified.removesuffix("UNSPECIFIED")
        names = [name.removeprefix(prefix) for name in published]
        assert names == [value.name for value in values]


def sample(kind: type[ConversationError]) -> ConversationError:
    if kind is errors.InvalidArgument:
        return errors.InvalidArgument([FieldViolation("field", "wrong")])
    if kind is errors.NumberLookupLimitReached:
        return errors.NumberLookupLimitReached(60, timedelta(seconds=1))
    if kind is errors.MaskedNumberCooling:
        return errors.MaskedNumberCooling("participants[1]", "c1", datetime(2026, 1, 2, tzinfo=UTC))
    arguments = ["c1"] * len(getattr(kind, "keys", ()))
    return kind(*arguments)


def comments_of_reasons() -> dict[str, str]:
    """The comment above each reason in the contract."""
    source = (CONTRACTS / "conversation/v1/error_reason.proto").read_text()
    values = re.findall(r"((?:^  //.*\n)+)^  ERROR_REASON_(\w+) =", source, re.MULTILINE)
    return {name: comment.replace("//", "").strip() for comment, name in values}
