"""Servers with authorization and empty methods: what each role may call."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, TypeAlias

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from pydantic import SecretStr

from runtime.grpc.authorization import Permissions
from runtime.grpc.client import Credentials, headers, open_channel
from runtime.grpc.security import server_security
from runtime.grpc.server import GrpcServer
from runtime.settings.server import ServerSettings
from support.builders.conversation_calls import CALL_SECONDS

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
# Returned by every method that is allowed.
ALLOWED = grpc.StatusCode.DATA_LOSS


def services_of(package: str) -> list[ServiceDescriptor]:
    """All services of a protobuf package."""
    folder = import_module(package).__path__
    names = [module.name for module in iter_modules(folder) if module.name.endswith("_pb2")]
    files = [import_module(f"{package}.{name}").DESCRIPTOR for name in names]
    return [service for file in files for service in file.services_by_name.values()]


def methods_of(services: Iterable[ServiceDescriptor]) -> list[MethodDescriptor]:
    """The methods of all services."""
    return [method for service in services for method in service.methods]


def path_of(method: MethodDescriptor) -> str:
    """The path of a method in calls."""
    return f"/{method.containing_service.full_name}/{method.name}"


class GuardedServer:
    """A server with authorization."""

    def __init__(self, target: str) -> None:
        self._target = target

    @asynccontextmanager
    async def as_(self, role: str) -> AsyncIterator[grpc.aio.Channel]:
        """A channel with the token of a role."""
        credentials = Credentials(token=SecretStr(role))
        async with open_channel(self._target, [], credentials) as channel:
            yield channel

    async def may(self, role: str, method: MethodDescriptor, pool: str = "main") -> bool:
        """Whether a role may call a method for this pool."""
        async with self.as_(role) as channel:
            code = await code_of(channel, method, request_about(method, pool))
        assert code in (ALLOWED, grpc.StatusCode.PERMISSION_DENIED), code
        return code is ALLOWED


def request_about(method: MethodDescriptor, pool: str) -> Message:
    """An empty request, except for the pool of it or of its resource."""
    request = GetMessageClass(method.input_type)()
    for field in method.input_type.fields:
        if field.name == "pool_id":
            setattr(request, field.name, pool)
        elif field.is_repeated or not field.message_type:
            continue
        elif "pool_id" in field.message_type.fields_by_name:
            getattr(request, field.name).pool_id = pool
    return request


async def code_of(
    channel: grpc.aio.Channel, method: MethodDescriptor, request: Message
) -> grpc.StatusCode:
    """The status code of a call."""
    kind: Any = channel.unary_stream if method.server_streaming else channel.unary_unary
    serialise = GetMessageClass(method.input_type).SerializeToString
    call = kind(path_of(method), request_serializer=serialise)(request, timeout=CALL_SECONDS)
    code: grpc.StatusCode = await call.code()
    return code


@asynccontextmanager
async def guarded(
    folder: Path,
    services: Iterable[ServiceDescriptor],
    rights: Permissions,
    callers: Mapping[str, list[str]],
) -> AsyncIterator[GuardedServer]:
    """Serves all methods of the services; each role has its name as token, and these pools."""
    settings = ServerSettings(callers_file=callers_file(folder, callers))
    security = server_security(settings, rights, [*callers], domain="tests.maskline")
    server = GrpcServer("127.0.0.1:0", [], security)
    for service in services:
        handlers = {method.name: _handler(method) for method in service.methods}
        generic = grpc.method_handlers_generic_handler(service.full_name, handlers)
        server.server.add_generic_rpc_handlers([generic])
    await server.start([])
    try:
        yield GuardedServer(f"127.0.0.1:{server.port}")
    finally:
        await server.server.stop(None)


def callers_file(folder: Path, callers: Mapping[str, list[str]]) -> Path:
    """A callers file: each role has its name as token, and these pools."""
    path = folder / "callers.toml"
    path.write_text("".join(_entry(role, pools) for role, pools in callers.items()))
    return path


def token_metadata(token: str) -> tuple[tuple[str, str], ...]:
    """The metadata of a call with this token."""
    return headers(SecretStr(token))


def _entry(role: str, pools: list[str]) -> str:
    digest = sha256(role.encode()).hexdigest()
    return f'[[callers]]\nrole = "{role}"\ntoken_sha256 = "{digest}"\npools = {pools}\n'


async def _allow(_: object, context: Context) -> None:
    await context.abort(ALLOWED, "allowed")


def _handler(method: MethodDescriptor) -> "grpc.RpcMethodHandler[Any, Any]":
    # The stubs type only blocking handlers.
    kind: Any = grpc.unary_unary_rpc_method_handler
    if method.server_streaming:
        kind = grpc.unary_stream_rpc_method_handler
    handler: grpc.RpcMethodHandler[Any, Any] = kind(
        _allow, request_deserializer=GetMessageClass(method.input_type).FromString
    )
    return handler
