"""Turns what a handler raises into a status, and surprises into INTERNAL without detail."""

from collections.abc import Awaitable, Callable
from typing import Never, TypeAlias, TypeVar, cast

import grpc
import structlog
from grpc.aio import ServicerContext

from runtime.logs import raised_at
from runtime.refusals import RefusalStatus, to_grpc_status

log = structlog.get_logger()

Request = TypeVar("Request")
Response = TypeVar("Response")
# Quoted wherever it is used: only the stubs know that grpc's handlers are generic.
Handler: TypeAlias = "grpc.RpcMethodHandler[Request, Response] | None"
Behaviour = Callable[[Request, ServicerContext[Request, Response]], Awaitable[Response]]


class RefusalInterceptor(grpc.aio.ServerInterceptor):
    """Without it grpc.aio would send the text of every exception to the caller."""

    def __init__(self, domain: str, status_of: Callable[[Exception], RefusalStatus | None]) -> None:
        """`status_of` knows the service's own refusals and answers None to surprises."""
        self._domain = domain
        self._status_of = status_of

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable["Handler[Request, Response]"]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "Handler[Request, Response]":
        """Wraps unary handlers; what has none of these keeps grpc's own answer."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        method = handler_call_details.method
        # The stubs know only blocking handlers; on an aio server it is a coroutine function.
        return grpc.unary_unary_rpc_method_handler(
            self._guarded(cast("Behaviour[Request, Response]", handler.unary_unary), method),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _guarded(
        self, behaviour: Behaviour[Request, Response], method: str
    ) -> Behaviour[Request, Response]:
        async def answer(request: Request, context: ServicerContext[Request, Response]) -> Response:
            try:
                return await behaviour(request, context)
            except (grpc.aio.AbortError, grpc.RpcError):
                raise
            except Exception as error:
                await self._refuse(error, context, method)

        return answer

    async def _refuse(
        self, error: Exception, context: ServicerContext[Request, Response], method: str
    ) -> Never:
        refusal = self._status_of(error)
        if refusal is None:
            # Where it was raised helps; what it says may hold a number or a text.
            log.error("rpc_failed", method=method, error=type(error).__name__, at=raised_at(error))
            await context.abort(grpc.StatusCode.INTERNAL, "internal error")
        await context.abort_with_status(to_grpc_status(refusal, domain=self._domain))
