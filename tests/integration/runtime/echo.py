"""A service that returns what it knows of its caller, on a real server."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import grpc

from runtime.grpc.authorization import current_principal
from runtime.grpc.security import INSECURE, ServerSecurity
from runtime.grpc.server import GrpcServer

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
TIMEOUT_SECONDS = 10.0


class Request:
    """A request with the field that authorization reads."""

    def __init__(self, raw: bytes) -> None:
        self.pool_id = raw.decode()


async def unary(request: object, context: Context) -> bytes:
    """The caller's name and role."""
    return caller_of(context)


async def stream(request: object, context: Context) -> AsyncIterator[bytes]:
    """The same twice."""
    yield caller_of(context)
    yield caller_of(context)


def caller_of(context: Context) -> bytes:
    """What the server knows of the caller."""
    principal = current_principal()
    names = context.auth_context().get("x509_subject_alternative_name", [b""])
    role = principal.role if principal else ""
    return json.dumps({"name": next(iter(names)).decode(), "role": role}).encode()


@asynccontextmanager
async def echoing(security: ServerSecurity = INSECURE) -> AsyncIterator[int]:
    """The port of a server with `S/Unary`, `S/Stream` and, without a pool_id, `S/Whole`."""
    server = GrpcServer("127.0.0.1:0", [], security)
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        "Unary": grpc.unary_unary_rpc_method_handler(unary, Request),
        "Stream": grpc.unary_stream_rpc_method_handler(stream, Request),
        "Whole": grpc.unary_unary_rpc_method_handler(unary),
    }
    generic = grpc.method_handlers_generic_handler("S", handlers)
    server.server.add_generic_rpc_handlers((generic,))
    await server.start(["S"])
    await server.set_health(["S"], _is_healthy)
    try:
        yield server.port
    finally:
        await server.server.stop(None)


async def ask(
    channel: grpc.aio.Channel, method: str = "Unary", pool_id: str = "main"
) -> dict[str, str]:
    """Calls a unary method."""
    call = channel.unary_unary(f"/S/{method}", str.encode, json.loads)
    response: dict[str, str] = await call(pool_id, timeout=TIMEOUT_SECONDS)
    return response


async def watch(channel: grpc.aio.Channel, pool_id: str = "main") -> list[dict[str, str]]:
    """Calls the streaming method."""
    call = channel.unary_stream("/S/Stream", str.encode, json.loads)
    return [response async for response in call(pool_id, timeout=TIMEOUT_SECONDS)]


async def _is_healthy() -> bool:
    return True
