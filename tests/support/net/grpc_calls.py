"""Details of gRPC errors, health, reflection and retries."""

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
    """Part of a gRPC service config."""

    retryableStatusCodes: list[str]


class MethodConfig(TypedDict):
    """Part of a gRPC service config."""

    name: list[dict[str, str]]
    retryPolicy: RetryPolicy


Detail = TypeVar(
    "Detail", error_details_pb2.ErrorInfo, error_details_pb2.BadRequest, error_details_pb2.RetryInfo
)


def detail(error: grpc.aio.AioRpcError, kind: Detail) -> Detail:
    """A detail of an error; `kind` is an empty message of its type."""
    status = rpc_status.from_call(cast("grpc.Call", error))
    assert status is not None, error
    for packed in status.details:
        if packed.Unpack(kind):
            return kind
    raise AssertionError(f"no {type(kind).__name__} among the details")


def reason(error: grpc.aio.AioRpcError, domain: str) -> str:
    """The published reason of an error."""
    info = detail(error, error_details_pb2.ErrorInfo())
    assert info.domain == domain
    return str(info.reason)


async def is_serving(channel: grpc.aio.Channel, service: str) -> bool:
    """Whether the health service reports SERVING; waits for the connection."""
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    response = await check(health_pb2.HealthCheckRequest(service=service), wait_for_ready=True)
    return response.status == health_pb2.HealthCheckResponse.SERVING


async def reflected_methods(channel: grpc.aio.Channel, service: str) -> set[str]:
    """The methods of a service, by server reflection."""
    ask = channel.stream_stream(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=service)
    [response] = [response async for response in ask(iter([request]))]
    [serialized] = response.file_descriptor_response.file_descriptor_proto[:1]
    services = FileDescriptorProto.FromString(serialized).service
    [descriptor] = [proto for proto in services if service.endswith(f".{proto.name}")]
    return {method.name for method in descriptor.method}


async def call_with_nothing(channel: grpc.aio.Channel, service: str, method: str) -> None:
    """Calls a method with an empty request."""
    ask = channel.unary_unary(
        f"/{service}/{method}", request_serializer=bytes, response_deserializer=bytes
    )
    await ask(b"", timeout=120)


def retried_methods(service: ServiceDescriptor) -> set[str]:
    """The methods that the service config of the runtime retries on UNAVAILABLE."""
    config = cast("dict[str, list[MethodConfig]]", service_config([service]))
    [methods] = config["methodConfig"]
    assert methods["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"]
    return {name["method"] for name in methods["name"] if name["service"] == service.full_name}
