"""Turns what a handler raises into a status, and surprises into INTERNAL without detail."""

import asyncio
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Never, TypeAlias, TypeVar, cast

import grpc
import structlog
from grpc.aio import ServicerContext

from runtime.grpc.status import RpcStatus, to_grpc_status
from runtime.logging.setup import raised_at

log = structlog.get_logger()

Request = TypeVar("Request")

Response = TypeVar("Response")

# Quoted wherever it is used: only the stubs know that grpc's handlers are generic.
Handler: TypeAlias = "grpc.RpcMethodHandler[Request, Response] | None"

Behaviour = Callable[[Request, ServicerContext[Request, Response]], Awaitable[Response]]

StreamBehaviour = Callable[[Request, object], AsyncGenerator[Response, None]]

# A reader that is busy for so long has lost what it watches anyway.
WRITE_SECONDS = 10.0

# All services publish this reason. grpc.aio would answer UNKNOWN, in the words of the decoder.
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
        """`status_of` knows the service's own refusals and answers None to surprises.

        A service that streams says with `too_slow` what becomes of callers who do not read.
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
        """Wraps handlers of one request; what has none of these keeps grpc's own answer."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None:
            return None
        # The stubs know only blocking handlers; on an aio server they are coroutine functions, or
        # asynchronous generators where they stream.
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                self._guarded(cast("Behaviour[Request, Response]", handler.unary_unary), method),
                request_deserializer=_read_or_none(handler.request_deserializer),
                response_serializer=handler.response_serializer,
            )
        if handler.unary_stream is not None:
            stream = self._guarded(self._writing(handler.unary_stream), method)
            return grpc.unary_stream_rpc_method_handler(
                cast("Callable[..., Iterator[Response]]", stream),
                request_deserializer=_read_or_none(handler.request_deserializer),
                response_serializer=handler.response_serializer,
            )
        return handler

    def _writing(
        self, stream: Callable[[Request, grpc.ServicerContext], Iterator[Response]]
    ) -> Behaviour[Request, None]:
        """A stream as one coroutine; a handler that writes by itself, as health's, is one."""
        if inspect.isasyncgenfunction(stream):
            return self._written(cast("StreamBehaviour[Request, Response]", stream))
        return cast("Behaviour[Request, None]", stream)

    def _written(self, stream: StreamBehaviour[Request, Response]) -> Behaviour[Request, None]:
        """Writes what a stream yields; nothing more is made before the last piece is taken."""

        async def write(request: Request, context: ServicerContext[Request, None]) -> None:
            async with aclosing(stream(request, context)) as responses:
                async for response in responses:
                    await self._write(context, response)

        return write

    async def _write(self, context: ServicerContext[Request, None], response: object) -> None:
        try:
            async with asyncio.timeout(self._write_seconds):
                await cast("ServicerContext[Request, object]", context).write(response)
        except TimeoutError:
            raise self._too_slow() from None

    def _guarded(
        self, behaviour: Behaviour[Request, Response], method: str
    ) -> Behaviour[Request, Response]:
        async def answer(request: Request, context: ServicerContext[Request, Response]) -> Response:
            try:
                return await self._answer(behaviour, request, context, method)
            except grpc.aio.InternalError:
                # Nothing can be written as the caller has gone, which grpc would log at length.
                raise asyncio.CancelledError from None

        return answer

    async def _answer(
        self,
        behaviour: Behaviour[Request, Response],
        request: Request,
        context: ServicerContext[Request, Response],
        method: str,
    ) -> Response:
        if request is None:
            await context.abort_with_status(to_grpc_status(UNREADABLE, domain=self._domain))
        try:
            return await behaviour(request, context)
        except (grpc.aio.AbortError, grpc.aio.InternalError):
            raise
        except Exception as error:
            await self._refuse(error, context, method)

    async def _refuse(
        self, error: Exception, context: ServicerContext[Request, Response], method: str
    ) -> Never:
        refusal = self._status_of(error)
        if refusal is None:
            # Where it was raised helps; what it says may hold a number or a text.
            log.error("rpc_failed", method=method, error=type(error).__name__, at=raised_at(error))
            await context.abort(grpc.StatusCode.INTERNAL, "internal error")
        await context.abort_with_status(to_grpc_status(refusal, domain=self._domain))


def _read_or_none(
    deserializer: Callable[[bytes], Request] | None,
) -> Callable[[bytes], Request] | None:
    """None for what cannot be read: an exception here would never come to the interceptor."""
    if deserializer is None:
        return None

    def read(data: bytes) -> Request | None:
        try:
            return deserializer(data)
        except Exception:
            return None

    return cast("Callable[[bytes], Request]", read)
