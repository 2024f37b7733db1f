"""The service does what the contract publishes."""

import re
from collections.abc import AsyncIterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor_pb2 import MethodOptions
from redis.asyncio import Redis

from maskline.messaging.v1 import carrier_pb2, error_reason_pb2, messaging_pb2
from messaging_service.carrier.adapter import Capabilities
from messaging_service.carrier.port import CheckOutcome
from messaging_service.model import errors
from messaging_service.model.failure import FailureReason
from messaging_service.model.message import (
    AttachmentPolicy,
    MessageState,
    SendResolution,
    UncertainSendPolicy,
)
from messaging_service.model.send_result import SendOutcome
from messaging_service.rpc.status import CODES, DOMAIN, status_of
from runtime.grpc import call_limits
from runtime.grpc.authorization import REASONS
from runtime.grpc.status import FieldViolation
from support.clock import ManualClock
from support.fakes.scripted_carrier import scripted_carrier
from support.net.grpc_calls import call_with_nothing, is_serving, reflected_methods, retried_methods
from support.services.messaging_service import Messaging, serving, settings_for

_DELAY = timedelta(seconds=1)

SERVICES = (
    messaging_pb2.DESCRIPTOR.services_by_name["MessagingService"],
    carrier_pb2.DESCRIPTOR.services_by_name["CarrierService"],
)


@pytest.fixture
async def messaging(redis: Redis, redis_url: str, clock: ManualClock) -> AsyncIterator[Messaging]:
    """A running service."""
    async with (
        scripted_carrier() as carrier,
        serving(settings_for(redis_url, carrier.url), clock) as running,
    ):
        yield running


async def test_every_rpc_of_the_contract_is_described_by_reflection_and_served(
    messaging: Messaging,
) -> None:
    # These need no field, and this carrier lists no number.
    others = {
        "CheckAccess": grpc.StatusCode.OK,
        "ListCarrierAccounts": grpc.StatusCode.OK,
        "CheckCarrierAccount": grpc.StatusCode.OK,
        "ListCarrierNumbers": grpc.StatusCode.UNAVAILABLE,
    }
    for service in SERVICES:
        methods = await reflected_methods(messaging.channel, service.full_name)
        assert methods == {method.name for method in service.methods}
        for method in methods:
            code = others.get(method, grpc.StatusCode.INVALID_ARGUMENT)
            assert await _code(messaging, service.full_name, method) is code, method


async def test_the_account_is_listed_with_what_its_carrier_offers(messaging: Messaging) -> None:
    stub = messaging.carrier_stub
    response = await stub.ListCarrierAccounts(carrier_pb2.ListCarrierAccountsRequest())
    assert response.next_page_token == ""
    [account] = response.carrier_accounts
    assert (account.carrier_account_id, account.carrier) == ("", "flowroute")
    offered = {name.name for name, value in account.capabilities.ListFields() if value}
    assert offered == {"inbound_records", "outbound_records", "receipt_per_attempt"}
    names = {field.name for field in carrier_pb2.Capabilities.DESCRIPTOR.fields}
    assert names == {field.name for field in fields(Capabilities)}


async def test_health_is_reported_for_the_service_and_for_the_server(messaging: Messaging) -> None:
    await messaging.health("SERVING")
    for service in SERVICES:
        assert await is_serving(messaging.channel, service.full_name)


def test_every_method_is_idempotent_and_retried() -> None:
    for service in SERVICES:
        for method in service.methods:
            assert method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN
        assert retried_methods(service) == {method.name for method in service.methods}


def test_every_published_reason_has_one_class_and_one_code() -> None:
    names = error_reason_pb2.ErrorReason.DESCRIPTOR.values_by_name
    published = {name.removeprefix("ERROR_REASON_") for name in names} - {"UNSPECIFIED"}
    # These come from the authorization, before the service is called.
    published -= REASONS | call_limits.REASONS
    classes = errors.MessagingError.__subclasses__()
    assert set(CODES) == set(classes)
    assert sorted(kind.reason for kind in classes) == sorted(published)


def test_every_code_is_the_one_that_the_contract_publishes() -> None:
    comments = _comments_of_reasons()
    for kind, code in CODES.items():
        assert comments[kind.reason].startswith(code.name), kind.reason


def test_every_error_has_the_details_that_the_contract_promises() -> None:
    comments = _comments_of_reasons()
    samples = [
        errors.InvalidArgument([FieldViolation("field", "wrong")]),
        errors.MessageNotFound("m1"),
        errors.MessageIdReused("m1"),
        *(errors.CarrierRequestRejected(), errors.CarrierCredentialsRejected(_DELAY)),
        *(kind(_DELAY) for kind in (errors.CarrierRateLimited, errors.CarrierUnavailable)),
        *(
            errors.BackendUnavailable(),
            errors.CapabilityMissing("a1"),
            errors.CarrierAccountNotFound("a1"),
        ),
        *(errors.SendInProgress(_DELAY), errors.SendPaced(_DELAY)),
        *(errors.MediaNotFound(), errors.SendTokenInvalid()),
    ]
    assert {type(sample) for sample in samples} == set(CODES)
    for sample in samples:
        status, promised = status_of(sample), comments[sample.reason]
        assert status is not None
        assert bool(status.retry_after) == ("RetryInfo" in promised), sample.reason
        assert bool(status.violations) == ("BadRequest" in promised), sample.reason
        assert set(re.findall(r'"(\w+)"', promised)) == set(status.metadata), sample.reason
        assert all(value in status.message for value in status.metadata.values())


def test_an_unexpected_exception_has_no_status() -> None:
    assert status_of(ValueError("hunter2")) is None
    assert DOMAIN == "messaging.maskline"


_POLICIES = messaging_pb2.UncertainSendPolicy.DESCRIPTOR


def test_every_value_of_the_contracts_enums_exists_here() -> None:
    for enum, prefix, words in (
        (messaging_pb2.MessageState.DESCRIPTOR, "MESSAGE_STATE_", MessageState),
        (messaging_pb2.SendOutcome.DESCRIPTOR, "SEND_OUTCOME_", SendOutcome),
        (messaging_pb2.SendResolution.DESCRIPTOR, "SEND_RESOLUTION_", SendResolution),
        (
            messaging_pb2.UncertainSendPolicy.DESCRIPTOR,
            "UNCERTAIN_SEND_POLICY_",
            UncertainSendPolicy,
        ),
        (messaging_pb2.AttachmentPolicy.DESCRIPTOR, "ATTACHMENT_POLICY_", AttachmentPolicy),
        (carrier_pb2.CheckOutcome.DESCRIPTOR, "CHECK_OUTCOME_", CheckOutcome),
        (messaging_pb2.FailureReason.DESCRIPTOR, "FAILURE_REASON_", FailureReason),
    ):
        # Messages are discarded by the caller only.
        published = set(enum.values_by_name) - {f"{prefix}UNSPECIFIED", "FAILURE_REASON_DISCARDED"}
        assert published == {f"{prefix}{word.name}" for word in words}


async def _code(messaging: Messaging, service: str, method: str) -> grpc.StatusCode:
    """What an empty request is answered with."""
    try:
        await call_with_nothing(messaging.channel, service, method)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def _comments_of_reasons() -> dict[str, str]:
    """What stands above each reason in the contract."""
    contract = Path("protos/maskline/messaging/v1/error_reason.proto")
    source = (Path(__file__).parents[4] / contract).read_text()
    values = re.findall(r"((?:^  //.*\n)+)^  ERROR_REASON_(\w+) =", source, re.MULTILINE)
    return {name: comment.replace("//", "").strip() for comment, name in values}
