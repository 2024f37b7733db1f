"""What tests read off gRPC servers and their refusals."""

from typing import TypedDict, TypeVar, cast

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_status import rpc_status

from runtime.grpc.client import service_config


class RetryPolicy(TypedDict):
    """The part of grpc's service config that tests look at."""

    retryableStatusCodes: list[str]


class MethodConfig(TypedDict):
    """The part of grpc's service config that tests look at."""

    name: list[dict[str, str]]
    retryPolicy: RetryPolicy


Detail = TypeVar(
    "Detail",
    error_details_pb2.ErrorInfo,
    error_details_pb2.BadRequest,
    error_details_pb2.RetryInfo,
)


def detail(error: grpc.aio.AioRpcError, kind: Detail) -> Detail:
    """One of the details of a refusal; `kind` is an empty message of its type."""
    status = rpc_status.from_call(cast("grpc.Call", error))
    assert status is not None, error
    for packed in status.details:
        if packed.Unpack(kind):
            return kind
    raise AssertionError(f"no {type(kind).__name__} among the details")


def reason(error: grpc.aio.AioRpcError, domain: str) -> str:
    """The published reason of a refusal."""
    info = detail(error, error_details_pb2.ErrorInfo())
    assert info.domain == domain
    return str(info.reason)


async def is_serving(channel: grpc.aio.Channel, service: str) -> bool:
    """What the standard health service says."""
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    answer = await check(health_pb2.HealthCheckRequest(service=service), wait_for_ready=True)
    return answer.status == health_pb2.HealthCheckResponse.SERVING


async def reflected_methods(channel: grpc.aio.Channel, service: str) -> set[str]:
    """The methods of a service as its server describes them."""
    ask = channel.stream_stream(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    asked = reflection_pb2.ServerReflectionRequest(file_containing_symbol=service)
    [answer] = [one async for one in ask(iter([asked]))]
    [described] = answer.file_descriptor_response.file_descriptor_proto[:1]
    services = FileDescriptorProto.FromString(described).service
    [found] = [one for one in services if service.endswith(f".{one.name}")]
    return {method.name for method in found.method}


async def call_with_nothing(channel: grpc.aio.Channel, service: str, method: str) -> None:
    """Calls a method with an empty request; raises what it answers."""
    ask = channel.unary_unary(
        f"/{service}/{method}", request_serializer=bytes, response_deserializer=bytes
    )
    await ask(b"", timeout=5)


def retried_methods(service: ServiceDescriptor) -> set[str]:
    """The methods that channels made by the runtime call again when a server is unavailable."""
    config = cast("dict[str, list[MethodConfig]]", service_config([service]))
    [methods] = config["methodConfig"]
    assert methods["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"]
    return {name["method"] for name in methods["name"] if name["service"] == service.full_name}
