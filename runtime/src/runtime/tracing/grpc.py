"""Client and server spans of gRPC calls, joined by the W3C header `traceparent`.

Unary calls only: a watch lasts for hours. Health and reflection have no spans.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import grpc
from grpc.aio import ClientCallDetails, Metadata
from opentelemetry.context import Context as TraceContext
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from runtime.grpc.handlers import Context, Handler, Message, Request, Response, wrap_handler
from runtime.tracing import is_traced, tracer

UNTRACED = ("/grpc.health.", "/grpc.reflection.")

# The only header that is sent and read: `tracestate` and baggage may hold whatever a caller wrote.
TRACEPARENT = "traceparent"

_PROPAGATOR = TraceContextTextMapPropagator()


def client_interceptors() -> list[grpc.aio.ClientInterceptor] | None:
    """The interceptors of a channel; none unless the process is traced."""
    return [ClientSpans()] if is_traced() else None


def server_interceptors() -> list[grpc.aio.ServerInterceptor]:
    """The outermost interceptors of a server; none unless the process is traced."""
    return [ServerSpans()] if is_traced() else []


def traceparent() -> dict[str, str]:
    """The header that makes the current span the parent of a callee's; empty without a span."""
    headers: dict[str, str] = {}
    _PROPAGATOR.inject(headers)
    return {key: value for key, value in headers.items() if key == TRACEPARENT}


class ClientSpans(grpc.aio.UnaryUnaryClientInterceptor):
    """A span from the call to its response, retries included."""

    async def intercept_unary_unary(
        self,
        continuation: Callable[[ClientCallDetails, Message], Awaitable[Message]],
        client_call_details: ClientCallDetails,
        request: Message,
    ) -> Message:
        """Waits for the status, so that the span ends with the call or its cancellation."""
        method = _text(client_call_details.method)
        if method.startswith(UNTRACED):
            return await continuation(client_call_details, request)
        attributes = _attributes(method)
        with tracer.start_as_current_span(
            method.removeprefix("/"), kind=SpanKind.CLIENT, attributes=attributes
        ) as span:
            call = await continuation(_with_traceparent(client_call_details), request)
            code: grpc.StatusCode = await call.code()
            span.set_attribute("code", code.name)
            return call


class ServerSpans(grpc.aio.ServerInterceptor):
    """A span from the first interceptor to the response, of methods that exist."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable["Handler[Request, Response]"]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "Handler[Request, Response]":
        """Wraps handlers of one request and one response."""
        handler = await continuation(handler_call_details)
        method = _text(handler_call_details.method)
        if handler is None or handler.unary_unary is None or method.startswith(UNTRACED):
            return handler
        parent = _PROPAGATOR.extract(_headers(handler_call_details), TraceContext())

        @asynccontextmanager
        async def in_span(_request: Message, context: Context) -> AsyncIterator[None]:
            with tracer.start_as_current_span(
                method.removeprefix("/"), parent, SpanKind.SERVER, attributes=_attributes(method)
            ) as span:
                status: grpc.StatusCode | None = grpc.StatusCode.OK
                try:
                    yield
                except BaseException:
                    # A call that was cancelled has no status.
                    status = None
                    raise
                finally:
                    code = context.code() or status
                    if isinstance(code, grpc.StatusCode):
                        span.set_attribute("code", code.name)

        return wrap_handler(handler, in_span)


def _attributes(method: str) -> dict[str, str]:
    service, _, name = method.removeprefix("/").rpartition("/")
    return {"rpc_service": service, "rpc_method": name}


def _headers(details: grpc.HandlerCallDetails) -> Mapping[str, str]:
    metadata = details.invocation_metadata or ()
    return {key: value for key, value in metadata if key == TRACEPARENT and isinstance(value, str)}


def _with_traceparent(details: ClientCallDetails) -> ClientCallDetails:
    return ClientCallDetails(
        details.method,
        details.timeout,
        Metadata(*(details.metadata or ()), *traceparent().items()),
        details.credentials,
        details.wait_for_ready,
    )


def _text(method: str | bytes) -> str:
    return method.decode() if isinstance(method, bytes) else method
