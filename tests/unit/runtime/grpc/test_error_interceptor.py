"""Handlers behind the refusal interceptor, on a real gRPC server: what callers get to see."""

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
from support.grpc_calls import reason

DOMAIN = "tests.maskline"
# Soon over; who reads nothing at all cannot be too quick for it.
IMPATIENCE_SECONDS = 0.2
# The windows of HTTP/2 let some 100 kB pass to who does not read.
PIECE, PIECES = b"x" * 20_000, 1000
NARROW = (("grpc.http2.bdp_probe", 0),)

BACKENDS = grpc.aio.AioRpcError(
    grpc.StatusCode.NOT_FOUND, grpc.aio.Metadata(), grpc.aio.Metadata(), "hunter2"
)

Context = ServicerContext[bytes, bytes]
Unary = Callable[[bytes, Context], Awaitable[bytes]]
Stream = Callable[[bytes, Context], AsyncIterator[bytes] | Awaitable[None]]


class Refused(Exception):
    """A refusal that the service knows."""


class TooSlow(Exception):
    """Another."""


def status_of(error: Exception) -> RpcStatus | None:
    kinds = {Refused: "REFUSED", TooSlow: "TOO_SLOW"}
    if type(error) not in kinds:
        return None
    return RpcStatus(grpc.StatusCode.RESOURCE_EXHAUSTED, kinds[type(error)], "a sentence")


@asynccontextmanager
async def serving(
    unary: Unary | None = None, stream: Stream | None = None
) -> AsyncIterator[grpc.aio.Channel]:
    """A server with the methods `Unary` and `Stream` of a service `S`, and a channel to it."""
    interceptor = ErrorInterceptor(DOMAIN, status_of, TooSlow, write_seconds=IMPATIENCE_SECONDS)
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


def as_it_is(message: bytes) -> bytes:
    return message


def watch(channel: grpc.aio.Channel) -> "grpc.aio.UnaryStreamCall[bytes, bytes]":
    ask = channel.unary_stream(
        "/S/Stream", request_serializer=as_it_is, response_deserializer=as_it_is
    )
    return ask(b"asked")


async def asked(channel: grpc.aio.Channel, request: bytes = b"", method: str = "Unary") -> bytes:
    ask = channel.unary_unary(
        f"/S/{method}", request_serializer=as_it_is, response_deserializer=as_it_is
    )
    return await ask(request)


async def read_on(
    call: "grpc.aio.UnaryStreamCall[bytes, bytes]",
) -> tuple[list[bytes], grpc.aio.AioRpcError | None]:
    """What is still read, and the refusal at the end."""
    pieces: list[bytes] = []
    try:
        while isinstance(piece := await call.read(), bytes):
            pieces.append(piece)
    except grpc.aio.AioRpcError as error:
        return pieces, error
    return pieces, None


async def test_what_a_stream_yields_arrives_in_order_and_ends_well() -> None:
    async def count(request: bytes, _: Context) -> AsyncIterator[bytes]:
        for number in b"abc":
            yield request + bytes([number])

    async with serving(stream=count) as channel:
        pieces, refusal = await read_on(watch(channel))
    assert pieces == [b"askeda", b"askedb", b"askedc"]
    assert refusal is None


async def test_a_stream_may_be_written_instead_of_yielded() -> None:
    async def write(request: bytes, context: Context) -> None:
        await context.write(request)
        raise Refused

    async with serving(stream=write) as channel:
        pieces, refusal = await read_on(watch(channel))
    assert pieces == [b"asked"]
    assert refusal is not None
    assert reason(refusal, DOMAIN) == "REFUSED"


async def test_a_refusal_in_the_middle_of_a_stream_comes_behind_its_pieces() -> None:
    async def refuse(_: bytes, __: Context) -> AsyncIterator[bytes]:
        yield b"one"
        raise Refused

    async with serving(stream=refuse) as channel:
        pieces, refusal = await read_on(watch(channel))
    assert pieces == [b"one"]
    assert refusal is not None
    assert refusal.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert reason(refusal, DOMAIN) == "REFUSED"


async def test_a_surprise_in_a_stream_is_internal_and_tells_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def explode(_: bytes, __: Context) -> AsyncIterator[bytes]:
        yield b"one"
        raise ValueError("hunter2")

    async with serving(stream=explode) as channel:
        _, refusal = await read_on(watch(channel))
    assert refusal is not None
    assert refusal.code() is grpc.StatusCode.INTERNAL
    assert refusal.details() == "internal error"
    told = capsys.readouterr().out
    assert "hunter2" not in told
    assert "/S/Stream" in told
    assert "ValueError" in told


async def test_who_does_not_read_is_refused_and_nothing_more_is_made_for_them() -> None:
    made: list[int] = []
    is_closed = asyncio.Event()

    async def make_much(_: bytes, __: Context) -> AsyncIterator[bytes]:
        try:
            for number in range(PIECES):
                made.append(number)
                yield PIECE
        finally:
            is_closed.set()

    async with serving(stream=make_much) as channel:
        call = watch(channel)
        assert await call.read() == PIECE
        await is_closed.wait()
        assert len(made) < PIECES / 10
        pieces, refusal = await read_on(call)
    # Also the piece that was on its way when patience ended.
    assert len(pieces) == len(made) - 1
    assert refusal is not None
    assert reason(refusal, DOMAIN) == "TOO_SLOW"


async def test_who_reads_nothing_and_goes_leaves_nothing_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    is_closed = asyncio.Event()

    async def make_much(_: bytes, __: Context) -> AsyncIterator[bytes]:
        try:
            while True:
                yield PIECE
        finally:
            is_closed.set()

    async with serving(stream=make_much) as channel:
        before = len(asyncio.all_tasks())
        call = watch(channel)
        await is_closed.wait()
        call.cancel()

        async def is_over() -> bool:
            return len(asyncio.all_tasks()) == before

        await eventually(is_over)
    # Nobody was left to be told why.
    assert caplog.text == ""


async def test_a_stream_with_nothing_to_say_is_not_slow() -> None:
    silence = asyncio.Event()

    async def say_little(_: bytes, __: Context) -> AsyncIterator[bytes]:
        yield b"one"
        # Longer than patience would last: that nothing happens meanwhile is no event to wait for.
        await asyncio.sleep(2 * IMPATIENCE_SECONDS)
        silence.set()
        yield b"two"

    async with serving(stream=say_little) as channel:
        call = watch(channel)
        assert await call.read() == b"one"
        await silence.wait()
        assert await read_on(call) == ([b"two"], None)


async def test_a_reader_who_goes_ends_the_stream() -> None:
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
        # A backend's refusal that its caller did not foresee.
        (BACKENDS, grpc.StatusCode.INTERNAL),
    ],
)
async def test_a_single_answer_is_refused_in_the_same_way(
    raised: Exception, code: grpc.StatusCode
) -> None:
    async def refuse(_: bytes, __: Context) -> bytes:
        raise raised

    async with serving(unary=refuse) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await asked(channel)
    assert refusal.value.code() is code
    assert "hunter2" not in str(refusal.value)


async def test_an_answer_and_a_handlers_own_abort_pass_as_they_are() -> None:
    async def answer(request: bytes, context: Context) -> bytes:
        if request == b"abort":
            await context.abort(grpc.StatusCode.DATA_LOSS, "as it was said")
        return b"answered"

    async with serving(unary=answer) as channel:
        assert await asked(channel) == b"answered"
        with pytest.raises(grpc.aio.AioRpcError) as aborted:
            await asked(channel, b"abort")
        assert aborted.value.details() == "as it was said"
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await asked(channel, method="Unknown")
        assert unknown.value.code() is grpc.StatusCode.UNIMPLEMENTED
