"""Spans of calls: one where it is made and one where it is answered, joined by W3C's headers.

Of unary calls only: a watch lasts for hours, and health is asked for all day.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar, cast

import grpc
from grpc.aio import ClientCallDetails, Metadata

from runtime.tracing import spans as tracing

Request = TypeVar("Request")

Response = TypeVar("Response")

# What passes here is between the generated code and grpc, and typed there.
Passed: TypeAlias = Any

Handler: TypeAlias = "grpc.RpcMethodHandler[Request, Response] | None"

UNTRACED = ("/grpc.health.", "/grpc.reflection.")

TRACEPARENT = "traceparent"


def client_interceptors() -> list[grpc.aio.ClientInterceptor] | None:
    """What a channel gets; nothing unless the process is traced."""
    return [ClientSpans()] if tracing.is_on() else None


def server_interceptors() -> list[grpc.aio.ServerInterceptor]:
    """What a server gets before all else; nothing unless the process is traced."""
    return [ServerSpans()] if tracing.is_on() else []


class ClientSpans(grpc.aio.UnaryUnaryClientInterceptor):
    """A span from the call to its answer, retries included."""

    async def intercept_unary_unary(
        self,
        continuation: Callable[[ClientCallDetails, Passed], Awaitable[Passed]],
        client_call_details: ClientCallDetails,
        request: Passed,
    ) -> Passed:
        """Waits for the answer's code, so that the span ends with the call or its cancellation."""
        method = _text(client_call_details.method)
        if method.startswith(UNTRACED):
            return await continuation(client_call_details, request)
        service, _, name = method.removeprefix("/").rpartition("/")
        spelled = f"{service}/{name}"
        with tracing.span(spelled, kind="client", rpc_service=service, rpc_method=name) as one:
            call = await continuation(_with_headers(client_call_details), request)
            code: grpc.StatusCode = await call.code()
            one.tell(code=code.name)
            return call


class ServerSpans(grpc.aio.ServerInterceptor):
    """A span from the first interceptor to the answer, of methods that exist: we named them."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable["Handler[Request, Response]"]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "Handler[Request, Response]":
        """Wraps handlers of one request and one answer."""
        handler = await continuation(handler_call_details)
        method = _text(handler_call_details.method)
        if handler is None or handler.unary_unary is None or method.startswith(UNTRACED):
            return handler
        # The stubs do not say that it is a named tuple.
        spanned = _spanned(handler.unary_unary, method, _headers(handler_call_details))
        return cast(
            "Handler[Request, Response]", cast("Passed", handler)._replace(unary_unary=spanned)
        )


def _spanned(behaviour: Passed, method: str, headers: tracing.Headers) -> Passed:
    service, _, name = method.removeprefix("/").rpartition("/")
    spelled = f"{service}/{name}"

    async def answer(request: Passed, context: Passed) -> Passed:
        with tracing.span(
            spelled, kind="server", headers=headers, rpc_service=service, rpc_method=name
        ) as one:
            try:
                response = await behaviour(request, context)
            except BaseException:
                # Of a call that was given up there is no code: nobody hears of it.
                one.tell(code=_code(context, None))
                raise
            one.tell(code=_code(context, grpc.StatusCode.OK))
            return response

    return answer


def _code(context: Passed, unless_set: grpc.StatusCode | None) -> str | None:
    found = context.code() or unless_set
    return found.name if isinstance(found, grpc.StatusCode) else None


def _headers(details: grpc.HandlerCallDetails) -> tracing.Headers:
    """Those of a caller's span, and nothing else that a caller may have said."""
    shown = details.invocation_metadata or ()
    return {key: value for key, value in shown if key == TRACEPARENT and isinstance(value, str)}


def _with_headers(details: ClientCallDetails) -> ClientCallDetails:
    told = [*(details.metadata or ()), *tracing.headers().items()]
    return ClientCallDetails(
        details.method,
        details.timeout,
        Metadata(*told),
        details.credentials,
        details.wait_for_ready,
    )


def _text(method: str | bytes) -> str:
    return method.decode() if isinstance(method, bytes) else method
