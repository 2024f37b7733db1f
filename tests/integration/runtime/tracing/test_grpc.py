"""Client and server spans of gRPC calls, whatever the outcome of the call."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias

import grpc
import pytest
from grpc_health.v1 import health_pb2
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from runtime.grpc.client import open_channel
from runtime.grpc.error_interceptor import ErrorInterceptor
from runtime.grpc.server import GrpcServer
from runtime.grpc.status import RpcStatus
from runtime.tracing import tracer
from runtime.tracing.grpc import traceparent
from support.observation.leak_markers import SAID, leaks
from support.observation.spans import attributes, traced_process

TIMEOUT_SECONDS = 10.0
SERVICE = "probe.v1.ProbeService"
NUMBER = "+14255550137"

Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"
Handler = Callable[[bytes, Context], Awaitable[bytes]]
Metadata = tuple[tuple[str, str], ...]


@asynccontextmanager
async def serving(respond: Handler) -> AsyncIterator[str]:
    """The address of a service with one method, behind the interceptors of all services."""
    refused = RpcStatus(grpc.StatusCode.NOT_FOUND, "NOT_FOUND", f"{NUMBER} {SAID}")
    interceptor = ErrorInterceptor("probe", lambda error: refused if error.args else None)
    server = GrpcServer("127.0.0.1:0", [interceptor])
    handler: grpc.RpcMethodHandler[Any, Any] = grpc.unary_unary_rpc_method_handler(respond)
    generic = grpc.method_handlers_generic_handler(SERVICE, {"Ask": handler})
    server.server.add_generic_rpc_handlers((generic,))
    await server.start([SERVICE])
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        await server.server.stop(None)


async def ask(
    channel: grpc.aio.Channel,
    path: str = f"/{SERVICE}/Ask",
    body: bytes = b"",
    metadata: Metadata = (),
    seconds: float = TIMEOUT_SECONDS,
) -> bytes:
    """Calls any method with bytes."""
    call = channel.unary_unary(path, bytes, bytes)
    response: bytes = await call(body, timeout=seconds, metadata=metadata)
    return response


async def spans_of_call(
    respond: Handler, *, seconds: float = TIMEOUT_SECONDS, metadata: Metadata = ()
) -> dict[int, Span]:
    """The spans of one call by kind; checks that they hold no marks."""
    with traced_process() as collected:
        async with serving(respond) as address, open_channel(address, []) as channel:
            body = f"{NUMBER} {SAID}".encode()
            with tracer.start_as_current_span("send_batch"), suppress(grpc.aio.AioRpcError):
                await ask(channel, body=body, metadata=metadata, seconds=seconds)
    assert leaks({"sent": collected.raw}) == {}
    return {span.kind: span for span in collected.spans}


async def respond_with_trace(_request: bytes, _context: Context) -> bytes:
    return traceparent().get("traceparent", "").encode()


async def refuse(_request: bytes, _context: Context) -> bytes:
    raise LookupError(f"{NUMBER} {SAID}")


async def fail(_request: bytes, _context: Context) -> bytes:
    raise RuntimeError


async def test_client_and_server_span_are_of_one_trace_and_named_by_the_method() -> None:
    """A caller's `tracestate` is neither exported nor passed on."""
    metadata = (("authorization", SAID), ("tracestate", "said=quillmark"))
    spans = await spans_of_call(respond_with_trace, metadata=metadata)
    outer, client = spans[Span.SPAN_KIND_INTERNAL], spans[Span.SPAN_KIND_CLIENT]
    server = spans[Span.SPAN_KIND_SERVER]
    assert client.parent_span_id == outer.span_id
    assert server.parent_span_id == client.span_id
    assert server.trace_id == client.trace_id == outer.trace_id
    assert client.name == server.name == f"{SERVICE}/Ask"
    expected = {"rpc.service": SERVICE, "rpc.method": "Ask", "rpc.response.status_code": "OK"}
    assert attributes(client) == attributes(server) == expected


@pytest.mark.parametrize(("respond", "code"), [(refuse, "NOT_FOUND"), (fail, "INTERNAL")])
async def test_both_spans_have_the_status_of_an_error(respond: Handler, code: str) -> None:
    spans = await spans_of_call(respond)
    for kind in (Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_SERVER):
        assert attributes(spans[kind])["rpc.response.status_code"] == code


async def test_a_call_that_times_out_or_is_cancelled_ends_its_span() -> None:
    arrived = asyncio.Event()

    async def never(_request: bytes, _context: Context) -> bytes:
        arrived.set()
        await asyncio.Event().wait()
        return b""

    client = attributes((await spans_of_call(never, seconds=0.1))[Span.SPAN_KIND_CLIENT])
    assert client["rpc.response.status_code"] == "DEADLINE_EXCEEDED"
    arrived.clear()
    with traced_process() as collected:
        async with serving(never) as address, open_channel(address, []) as channel:
            waiting = asyncio.ensure_future(ask(channel))
            await arrived.wait()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
    assert Span.SPAN_KIND_CLIENT in {span.kind for span in collected.spans}


async def test_health_checks_and_unknown_methods_have_no_spans() -> None:
    with traced_process() as collected:
        async with serving(respond_with_trace) as address:
            async with open_channel(address, []) as channel:
                request = health_pb2.HealthCheckRequest().SerializeToString()
                await ask(channel, "/grpc.health.v1.Health/Check", request)
            async with grpc.aio.insecure_channel(address) as stranger:
                with pytest.raises(grpc.aio.AioRpcError):
                    await ask(stranger, f"/{SERVICE}/{SAID}")
    assert collected.spans == []


async def test_the_server_continues_the_trace_of_its_caller() -> None:
    with traced_process() as collected:
        async with serving(respond_with_trace) as address, open_channel(address, []) as channel:
            seen = await ask(channel)
    [span] = [span for span in collected.spans if span.kind == Span.SPAN_KIND_SERVER]
    assert seen.decode().split("-")[1:3] == [span.trace_id.hex(), span.span_id.hex()]


async def test_the_caller_decides_on_the_sample_and_only_traceparent_is_passed_on() -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    metadata = (("traceparent", parent), ("tracestate", f"a={SAID}"), ("baggage", f"b={SAID}"))
    with traced_process(ratio=0.0) as collected:
        async with (
            serving(respond_with_trace) as address,
            grpc.aio.insecure_channel(address) as stranger,
        ):
            passed_on = await ask(stranger, metadata=metadata)
    [span] = collected.spans
    assert span.parent_span_id.hex() == "b7ad6b7169203331"
    assert passed_on.startswith(b"00-0af7651916cd43dd8448eb211c80319c-")
    assert leaks({"sent": collected.raw}) == {}
