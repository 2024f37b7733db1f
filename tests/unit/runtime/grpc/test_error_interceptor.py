"""What callers see of errors in handlers behind the error interceptor, on a real server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import grpc
import pytest
from grpc.aio import ServicerContext

from runtime.grpc.error_interceptor import ErrorInterceptor
from runtime.grpc.server import GrpcServer
from runtime.grpc.status import RpcStatus
from support.eventually import eventually
from support.net.grpc_calls import reason

DOMAIN = "tests.maskline"
# Short; a client that reads nothing exceeds any timeout.
WRITE_SECONDS = 0.2
# The windows of HTTP/2 let some 100 kB pass to a client that does not read.
PIECE, PIECES = b"x" * 20_000, 1000
NARROW = (("grpc.http2.bdp_probe", 0),)

BACKENDS = grpc.aio.AioRpcError(
    grpc.StatusCode.NOT_FOUND, grpc.aio.Metadata(), grpc.aio.Metadata(), "hunter2"
)

Context = ServicerContext[bytes, bytes]
Unary = Callable[[bytes, Context], Awaitable[bytes]]
Stream = Callable[[bytes, Context], AsyncIterator[bytes] | Awaitable[None]]


class Refused(Exception):
    """An error that the service maps."""


class TooSlow(Exception):
    """The error for clients that do not read."""


def status_of(error: Exception) -> RpcStatus | None:
    if code := {Refused: "REFUSED", TooSlow: "TOO_SLOW"}.get(type(error)):
        return RpcStatus(grpc.StatusCode.RESOURCE_EXHAUSTED, code, "a sentence")
    return None


@asynccontextmanager
async def serving(
    unary: Unary | None = None, stream: Stream | None = None
) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server with the methods `S/Unary` and `S/Stream`."""
    interceptor = ErrorInterceptor(DOMAIN, status_of, TooSlow, write_seconds=WRITE_SECONDS)
    server = GrpcServer("127.0.0.1:0", [interceptor])
    methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
    if unary is not None:
        methods["Unary"] = grpc.unary_unary_rpc_method_handler(unary)
    if stream is not None:
        # The stubs know only blocking handlers.
        blocking = cast("Callable[..., Any]", stream)
        methods["Stream"] = grpc.unary_stream_rpc_method_handler(blocking)
    handler = grpc.method_handlers_generic_handler("S", methods)
    server.server.add_generic_rpc_handlers((handler,))
    await server.start([])
    target = f"127.0.0.1:{server.port}"
    async with grpc.aio.insecure_channel(target, options=NARROW) as channel:
        yield channel
    await server.server.stop(None)


def unchanged(message: bytes) -> bytes:
    return message


def watch(channel: grpc.aio.Channel) -> "grpc.aio.UnaryStreamCall[bytes, bytes]":
    return channel.unary_stream("/S/Stream", unchanged, unchanged)(b"asked")


async def ask(channel: grpc.aio.Channel, request: bytes = b"", method: str = "Unary") -> bytes:
    return await channel.unary_unary(f"/S/{method}", bytes, bytes)(request)


async def read_all(
    call: "grpc.aio.UnaryStreamCall[bytes, bytes]",
) -> tuple[list[bytes], grpc.aio.AioRpcError | None]:
    """The remaining responses, and the error at the end."""
    pieces: list[bytes] = []
    try:
        while isinstance(piece := await call.read(), bytes):
            pieces.append(piece)
    except grpc.aio.AioRpcError as error:
        return pieces, error
    return pieces, None


async def yields(request: bytes, _: Context) -> AsyncIterator[bytes]:
    for number in b"abc":
        yield request + bytes([number])


async def writes(request: bytes, context: Context) -> None:
    await context.write(request)
    raise Refused


async def yields_and_refuses(_: bytes, __: Context) -> AsyncIterator[bytes]:
    yield b"one"
    raise Refused


@pytest.mark.parametrize(
    ("stream", "responses", "error_reason"),
    [
        (yields, [b"askeda", b"askedb", b"askedc"], None),
        (writes, [b"asked"], "REFUSED"),
        (yields_and_refuses, [b"one"], "REFUSED"),
    ],
)
async def test_a_stream_sends_its_responses_in_order_and_then_its_error(
    stream: Stream, responses: list[bytes], error_reason: str | None
) -> None:
    async with serving(stream=stream) as channel:
        pieces, error = await read_all(watch(channel))
    assert pieces == responses
    assert (reason(error, DOMAIN) if error else None) == error_reason


async def test_an_unexpected_error_in_a_stream_is_internal_without_detail(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def explode(_: bytes, __: Context) -> AsyncIterator[bytes]:
        yield b"one"
        raise ValueError("hunter2")

    async with serving(stream=explode) as channel:
        _, error = await read_all(watch(channel))
    assert error is not None
    assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, "internal error")
    logged = capsys.readouterr().out
    assert "hunter2" not in logged
    assert "/S/Stream" in logged
    assert "ValueError" in logged


class Stock:
    """A stream of pieces that counts them, and knows when it is closed."""

    def __init__(self) -> None:
        self.made = 0
        self.is_closed = asyncio.Event()

    async def stream(self, _: bytes, __: Context) -> AsyncIterator[bytes]:
        try:
            while self.made < PIECES:
                self.made += 1
                yield PIECE
        finally:
            self.is_closed.set()


async def test_a_client_that_does_not_read_gets_an_error_and_no_more_responses() -> None:
    stock = Stock()
    async with serving(stream=stock.stream) as channel:
        call = watch(channel)
        assert await call.read() == PIECE
        await stock.is_closed.wait()
        assert stock.made < PIECES / 10
        pieces, error = await read_all(call)
    # Including the one that was being written at the timeout.
    assert len(pieces) == stock.made - 1
    assert error is not None
    assert reason(error, DOMAIN) == "TOO_SLOW"


async def test_a_client_that_cancels_without_reading_leaves_no_task(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stock = Stock()
    async with serving(stream=stock.stream) as channel:
        before = len(asyncio.all_tasks())
        call = watch(channel)
        await stock.is_closed.wait()
        call.cancel()

        async def is_over() -> bool:
            return len(asyncio.all_tasks()) == before

        await eventually(is_over)
    # There was no client left to get an error.
    assert caplog.text == ""


async def test_an_idle_stream_is_not_a_slow_client() -> None:
    async def rarely(_: bytes, __: Context) -> AsyncIterator[bytes]:
        yield b"one"
        # Longer than the write timeout; there is no event to wait for.
        await asyncio.sleep(2 * WRITE_SECONDS)
        yield b"two"

    async with serving(stream=rarely) as channel:
        assert await read_all(watch(channel)) == ([b"one", b"two"], None)


async def test_a_cancelled_call_ends_its_stream() -> None:
    is_closed = asyncio.Event()

    async def wait(_: bytes, __: Context) -> AsyncIterator[bytes]:
        try:
            yield b"one"
            await asyncio.Event().wait()
        finally:
            is_closed.set()

    async with serving(stream=wait) as channel:
        call = watch(channel)
        await call.read()
        call.cancel()
        await is_closed.wait()


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (Refused(), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (ValueError("hunter2"), grpc.StatusCode.INTERNAL),
        (TimeoutError("hunter2"), grpc.StatusCode.INTERNAL),
        # An error of another service that the handler did not catch.
        (BACKENDS, grpc.StatusCode.INTERNAL),
    ],
)
async def test_an_error_of_a_unary_method_is_mapped_in_the_same_way(
    raised: Exception, code: grpc.StatusCode
) -> None:
    async def refuse(_: bytes, __: Context) -> bytes:
        raise raised

    async with serving(unary=refuse) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await ask(channel)
    assert error.value.code() is code
    assert "hunter2" not in str(error.value)


async def test_a_response_and_an_abort_of_the_handler_pass_unchanged() -> None:
    async def respond(request: bytes, context: Context) -> bytes:
        if request == b"abort":
            await context.abort(grpc.StatusCode.DATA_LOSS, "own message")
        return b"response"

    async with serving(unary=respond) as channel:
        assert await ask(channel) == b"response"
        with pytest.raises(grpc.aio.AioRpcError) as aborted:
            await ask(channel, b"abort")
        assert aborted.value.details() == "own message"
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await ask(channel, method="Unknown")
        assert unknown.value.code() is grpc.StatusCode.UNIMPLEMENTED
