"""A service that tells a caller what it sees of it, on a real server behind any door."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import grpc

from runtime.grpc.authorization import current_principal
from runtime.grpc.security import INSECURE, ServerSecurity
from runtime.grpc.server import GrpcServer

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
PATIENCE_SECONDS = 10.0


class Request:
    """A request about a pool, as far as its guard looks at it."""

    def __init__(self, raw: bytes) -> None:
        self.pool = raw.decode()


async def unary(request: object, context: Context) -> bytes:
    """The caller's name and role."""
    return seen(context)


async def stream(request: object, context: Context) -> AsyncIterator[bytes]:
    """The same twice."""
    yield seen(context)
    yield seen(context)


def seen(context: Context) -> bytes:
    """What the server knows of the caller."""
    caller = current_principal()
    names = context.auth_context().get("x509_subject_alternative_name", [b""])
    told = {"name": next(iter(names)).decode(), "role": caller.role if caller else ""}
    return json.dumps(told).encode()


@asynccontextmanager
async def echoing(
    door: ServerSecurity = INSECURE, listen: str = "127.0.0.1:0"
) -> AsyncIterator[int]:
    """The port of a server with `S/Unary`, `S/Stream` and, about no pool, `S/Whole`."""
    server = GrpcServer(listen, [], door)
    unary_handler: grpc.RpcMethodHandler[Any, Any] = grpc.unary_unary_rpc_method_handler(
        unary, request_deserializer=Request
    )
    stream_handler: grpc.RpcMethodHandler[Any, Any] = grpc.unary_stream_rpc_method_handler(
        stream,
        request_deserializer=Request,
    )
    whole: grpc.RpcMethodHandler[Any, Any] = grpc.unary_unary_rpc_method_handler(unary)
    handlers = {"Unary": unary_handler, "Stream": stream_handler, "Whole": whole}
    generic = grpc.method_handlers_generic_handler("S", handlers)
    server.server.add_generic_rpc_handlers((generic,))
    await server.start(["S"])
    await server.tell_health(["S"], _well)
    try:
        yield server.port
    finally:
        await server.server.stop(None)


async def ask(
    channel: grpc.aio.Channel, method: str = "Unary", pool: str = "main"
) -> dict[str, str]:
    """What the service sees; raises its refusal."""
    call = channel.unary_unary(
        f"/S/{method}", request_serializer=str.encode, response_deserializer=json.loads
    )
    answer: dict[str, str] = await call(pool, timeout=PATIENCE_SECONDS)
    return answer


async def watch(channel: grpc.aio.Channel, pool: str = "main") -> list[dict[str, str]]:
    """The same over a stream."""
    call = channel.unary_stream(
        "/S/Stream", request_serializer=str.encode, response_deserializer=json.loads
    )
    return [one async for one in call(pool, timeout=PATIENCE_SECONDS)]


async def _well() -> bool:
    return True
