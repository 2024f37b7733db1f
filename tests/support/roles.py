"""Every RPC of a contract behind a guard: what each role may call, seen over the wire."""

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

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
# Who is let through meets nothing behind the door.
LET_THROUGH = grpc.StatusCode.DATA_LOSS
PATIENCE_SECONDS = 30.0


def services_of(package: str) -> list[ServiceDescriptor]:
    """Every service of a package of contracts, also one that nobody has thought of yet."""
    folder = import_module(package).__path__
    names = [module.name for module in iter_modules(folder) if module.name.endswith("_pb2")]
    files = [import_module(f"{package}.{name}").DESCRIPTOR for name in names]
    return [service for file in files for service in file.services_by_name.values()]


def methods_of(services: Iterable[ServiceDescriptor]) -> list[MethodDescriptor]:
    """All their methods."""
    return [method for service in services for method in service.methods]


def path_of(method: MethodDescriptor) -> str:
    """As calls spell it."""
    return f"/{method.containing_service.full_name}/{method.name}"


class Guarded:
    """Methods behind a guard, called by one role after the other."""

    def __init__(self, target: str) -> None:
        self._target = target

    @asynccontextmanager
    async def as_(self, role: str) -> AsyncIterator[grpc.aio.Channel]:
        """A channel that shows the token of a role."""
        shown = Credentials(token=SecretStr(role))
        async with open_channel(self._target, [], shown) as channel:
            yield channel

    async def may(self, role: str, method: MethodDescriptor, pool: str = "main") -> bool:
        """Whether a role gets through to a method, about a pool where its request names one."""
        async with self.as_(role) as channel:
            code = await code_of(channel, method, request_about(method, pool))
        assert code in (LET_THROUGH, grpc.StatusCode.PERMISSION_DENIED), code
        return code is LET_THROUGH


def request_about(method: MethodDescriptor, pool: str) -> Message:
    """An otherwise empty request."""
    named = {"pool": pool} if "pool" in method.input_type.fields_by_name else {}
    return GetMessageClass(method.input_type)(**named)


async def code_of(
    channel: grpc.aio.Channel, method: MethodDescriptor, request: Message
) -> grpc.StatusCode:
    """How a call ends."""
    kind: Any = channel.unary_stream if method.server_streaming else channel.unary_unary
    serialise = GetMessageClass(method.input_type).SerializeToString
    call = kind(path_of(method), request_serializer=serialise)(request, timeout=PATIENCE_SECONDS)
    code: grpc.StatusCode = await call.code()
    return code


@asynccontextmanager
async def guarded(
    folder: Path,
    services: Iterable[ServiceDescriptor],
    rights: Permissions,
    callers: Mapping[str, list[str]],
) -> AsyncIterator[Guarded]:
    """All methods of the services; each role shows its name as its token and has these pools."""
    settings = ServerSettings(callers_file=callers_file(folder, callers))
    door = server_security(settings, rights, [*callers], domain="tests.maskline")
    server = GrpcServer("127.0.0.1:0", [], door)
    for service in services:
        handlers = {method.name: _handler(method) for method in service.methods}
        generic = grpc.method_handlers_generic_handler(service.full_name, handlers)
        server.server.add_generic_rpc_handlers([generic])
    await server.start([])
    try:
        yield Guarded(f"127.0.0.1:{server.port}")
    finally:
        await server.server.stop(None)


def callers_file(folder: Path, callers: Mapping[str, list[str]]) -> Path:
    """A file of callers, each of which shows its role's name as its token and has these pools."""
    path = folder / "callers.toml"
    path.write_text("".join(_entry(role, pools) for role, pools in callers.items()))
    return path


def shown_by(token: str) -> tuple[tuple[str, str], ...]:
    """What a call shows that has a token."""
    return headers(SecretStr(token))


def _entry(role: str, pools: list[str]) -> str:
    digest = sha256(role.encode()).hexdigest()
    return f'[[callers]]\nrole = "{role}"\ntoken_sha256 = "{digest}"\npools = {pools}\n'


async def _let_through(_: object, context: Context) -> None:
    await context.abort(LET_THROUGH, "nothing is here")


def _handler(method: MethodDescriptor) -> "grpc.RpcMethodHandler[Any, Any]":
    # The stubs know only blocking handlers; on an aio server they are coroutine functions.
    kind: Any = grpc.unary_unary_rpc_method_handler
    if method.server_streaming:
        kind = grpc.unary_stream_rpc_method_handler
    handler: grpc.RpcMethodHandler[Any, Any] = kind(
        _let_through, request_deserializer=GetMessageClass(method.input_type).FromString
    )
    return handler
