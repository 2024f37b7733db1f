"""Turns exceptions of handlers into statuses, and unexpected ones into INTERNAL without detail."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Never

import grpc
import structlog

from runtime.grpc.handlers import (
    Behaviour,
    Context,
    Handler,
    Message,
    Request,
    Response,
    map_behaviour,
    replace,
    wrap_handler,
)
from runtime.grpc.status import RpcStatus, to_grpc_status
from runtime.logging.setup import raised_at

log = structlog.get_logger()

# A watcher that reads nothing for so long has to resume from its cursor anyway.
WRITE_SECONDS = 10.0

# All services publish this reason. grpc.aio would send UNKNOWN with the decoder's own message.
UNREADABLE = RpcStatus(
    code=grpc.StatusCode.INVALID_ARGUMENT,
    reason="INVALID_ARGUMENT",
    message="The request cannot be read as a message of its type.",
)


class ErrorInterceptor(grpc.aio.ServerInterceptor):
    """Without it grpc.aio would send the text of every exception to the caller."""

    def __init__(
        self,
        domain: str,
        status_of: Callable[[Exception], RpcStatus | None],
        too_slow: Callable[[], Exception] | None = None,
        *,
        write_seconds: float = WRITE_SECONDS,
    ) -> None:
        """`status_of` maps the service's own errors and returns None for unexpected ones.

        `too_slow` makes the error for a caller that does not read its stream in time.
        """
        self._domain = domain
        self._status_of = status_of
        self._too_slow = too_slow or TimeoutError
        self._write_seconds = write_seconds

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable["Handler[Request, Response]"]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "Handler[Request, Response]":
        """Wraps handlers of one request. Unknown methods and request streams stay grpc's own."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.request_streaming:
            return handler
        handler = replace(handler, request_deserializer=_none_if_unreadable(handler))
        if handler.response_streaming:
            handler = map_behaviour(handler, self._write_with_timeout)
        return wrap_handler(handler, partial(self._translate, handler_call_details.method))

    @asynccontextmanager
    async def _translate(
        self, method: str, request: Message, context: Context
    ) -> AsyncIterator[None]:
        try:
            try:
                if request is None:
                    await self._abort(UNREADABLE, context)
                yield
            except (grpc.aio.AbortError, grpc.aio.InternalError):
                raise
            except Exception as error:
                await self._refuse(error, context, method)
        except grpc.aio.InternalError:
            # The caller has gone, so nothing can be written. grpc would log this at length.
            raise asyncio.CancelledError from None

    async def _refuse(self, error: Exception, context: Context, method: str) -> Never:
        status = self._status_of(error)
        if status is None:
            # The place helps; the message may hold a phone number or the body of a text.
            log.error("rpc_failed", method=method, error=type(error).__name__, at=raised_at(error))
            await context.abort(grpc.StatusCode.INTERNAL, "internal error")
        await self._abort(status, context)

    async def _abort(self, status: RpcStatus, context: Context) -> Never:
        await context.abort_with_status(to_grpc_status(status, domain=self._domain))

    def _write_with_timeout(self, behaviour: Behaviour) -> Behaviour:
        """Writes each response before the next one is made, and gives up on a slow reader."""
        if not inspect.isasyncgenfunction(behaviour):
            return behaviour

        async def write_all(request: Message, context: Context) -> None:
            async with aclosing(behaviour(request, context)) as responses:
                async for response in responses:
                    await self._write(context, response)

        return write_all

    async def _write(self, context: Context, response: Message) -> None:
        try:
            async with asyncio.timeout(self._write_seconds):
                await context.write(response)
        except TimeoutError:
            raise self._too_slow() from None


def _none_if_unreadable(
    handler: "grpc.RpcMethodHandler[Request, Response]",
) -> Callable[[bytes], Request | None] | None:
    """An exception in a deserializer would never reach the interceptor."""
    deserialize = handler.request_deserializer
    if deserialize is None:
        return None

    def read(data: bytes) -> Request | None:
        try:
            return deserialize(data)
        except Exception:
            return None

    return read
