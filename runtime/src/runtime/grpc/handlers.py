"""The one way in which interceptors wrap the handlers of a gRPC server."""

import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any, TypeAlias, TypeVar, cast

import grpc
from grpc.aio import ServicerContext

# Messages of any service pass here; generated code and grpc agree on their types.
Message: TypeAlias = Any

Request = TypeVar("Request")

Response = TypeVar("Response")

# Quoted wherever they are used: only the stubs make these classes generic.
Handler: TypeAlias = "grpc.RpcMethodHandler[Request, Response] | None"

Context: TypeAlias = "ServicerContext[Message, Message]"

Behaviour = Callable[[Message, Context], Message]

# Runs code before, after and around each call. The request is None if it could not be decoded, or
# an iterator if the caller streams.
Around = Callable[[Message, Context], AbstractAsyncContextManager[None]]

KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


def wrap_handler(
    handler: "grpc.RpcMethodHandler[Request, Response]", around: Around
) -> "grpc.RpcMethodHandler[Request, Response]":
    """The same handler, whose calls run inside `around`."""
    return map_behaviour(handler, lambda behaviour: _wrap(behaviour, around))


def map_behaviour(
    handler: "grpc.RpcMethodHandler[Request, Response]", change: Callable[[Behaviour], Behaviour]
) -> "grpc.RpcMethodHandler[Request, Response]":
    """The same handler with another behaviour; a handler has one, of one of the four kinds."""
    behaviours = ((kind, getattr(handler, kind)) for kind in KINDS)
    changed = {kind: change(behaviour) for kind, behaviour in behaviours if behaviour is not None}
    return replace(handler, **changed)


def replace(
    handler: "grpc.RpcMethodHandler[Request, Response]", **fields: Message
) -> "grpc.RpcMethodHandler[Request, Response]":
    """The same handler with other fields."""
    # The stubs do not say that it is a named tuple.
    changed = cast("Message", handler)._replace(**fields)
    return cast("grpc.RpcMethodHandler[Request, Response]", changed)


def _wrap(behaviour: Behaviour, around: Around) -> Behaviour:
    async def call(request: Message, context: Context) -> Message:
        async with around(request, context):
            return await behaviour(request, context)

    async def stream(request: Message, context: Context) -> AsyncIterator[Message]:
        async with around(request, context), aclosing(behaviour(request, context)) as responses:
            async for response in responses:
                yield response

    # A streaming handler that writes by itself, such as the one of health, is a coroutine function.
    return stream if inspect.isasyncgenfunction(behaviour) else call
