"""Limits of HTTP connections: clients that send too much, too slowly or without end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from starlette.types import Receive, Scope, Send

from runtime.http import limits as limits_module
from runtime.http.limits import HttpLimits
from runtime.http.server import AsgiApplication, HttpOptions, HttpServer, http_server
from support.eventually import PATIENCE_SECONDS, eventually
from support.fakes.carrier_callbacks import sms
from support.net.raw_http import RawConnection, raw_connection
from support.services.running_gateway import RunningGateway, ScriptedConversations, gateway_over

SHORT_SECONDS = 0.5
LARGE_BYTES = 32 * 1024 * 1024
SHORT_TIMEOUT = HttpLimits(head_seconds=SHORT_SECONDS)
LONG_TIMEOUT = HttpLimits(head_seconds=PATIENCE_SECONDS * 2)


KEPT = b"GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n"
CLOSED = b"GET /healthz HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n"


def running(limits: HttpLimits) -> AbstractAsyncContextManager[RunningGateway]:
    return gateway_over(ScriptedConversations(), options=HttpOptions(limits=limits))


@asynccontextmanager
async def connected(limits: HttpLimits = LONG_TIMEOUT) -> AsyncIterator[RawConnection]:
    """A connection to a gateway with these limits."""
    async with running(limits) as gateway, raw_connection(gateway.port) as connection:
        yield connection


@asynccontextmanager
async def serving(app: AsgiApplication, limits: HttpLimits) -> AsyncIterator[HttpServer]:
    """Serves an application on a free port."""
    server = http_server(app, "127.0.0.1:0", HttpOptions(limits=limits))
    task = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started)
    try:
        yield server
    finally:
        server.should_exit = True
        await task


async def is_cut(connection: RawConnection) -> bool:
    """Whether the server closes the connection without a response."""
    try:
        return await connection.rest() == b""
    except ConnectionError:
        return True


async def trickle(connection: RawConnection, pieces: Iterator[bytes]) -> None:
    """Writes a piece now and then until the server closes the connection."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        for piece in pieces:
            await connection.write(piece)
            await asyncio.sleep(SHORT_SECONDS / 20)


async def flood(connection: RawConnection) -> None:
    """Writes up to 64 MB."""
    for _ in range(1000):
        await connection.write(b"x" * 65_536)


def endless(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece


@pytest.mark.parametrize(
    "start", [b"", b"P", b"POST /api/message HTTP/1.1\r\nHost: g\r\nX: ", b"\r\n"]
)
async def test_a_silent_connection_or_incomplete_head_is_cut_off(start: bytes) -> None:
    async with connected(SHORT_TIMEOUT) as connection:
        await connection.write(start)
        assert await is_cut(connection)


@pytest.mark.parametrize("piece", [b"x", b"\r\n"])
async def test_sending_slowly_does_not_extend_the_timeout(piece: bytes) -> None:
    start = b"" if piece == b"\r\n" else b"POST /"
    async with connected(SHORT_TIMEOUT) as connection:
        await connection.write(start)
        with pytest.raises(ConnectionError):
            await trickle(connection, endless(piece))


@pytest.mark.parametrize("start", [b"GET /", b"\r\n"])
async def test_a_later_head_on_a_kept_connection_has_the_same_timeout(start: bytes) -> None:
    async with connected(SHORT_TIMEOUT) as connection:
        await connection.write(KEPT)
        assert await connection.status() == 200
        await connection.write(start)
        assert await connection.rest() == b"{}"


async def test_a_kept_connection_may_be_idle_for_longer_than_the_head_timeout() -> None:
    async with connected(SHORT_TIMEOUT) as connection:
        for _ in range(2):
            await connection.write(KEPT)
            assert await connection.status() == 200
            # Longer than the timer of a head, if one were running.
            await asyncio.sleep(SHORT_SECONDS * 2)
        await connection.write(CLOSED)
        assert (await connection.rest()).endswith(b"{}")


async def test_an_idle_connection_is_closed_after_the_keep_alive_time() -> None:
    async with connected(HttpLimits(keep_alive_seconds=1)) as connection:
        await connection.write(KEPT)
        assert (await connection.rest()).endswith(b"{}")


async def test_the_rest_of_an_unread_body_has_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_module, "LINGER_SECONDS", SHORT_SECONDS)
    async with connected() as connection:
        await connection.write_head("/nowhere", "Content-Length: 1000000000")
        assert await connection.status() == 404
        with pytest.raises(ConnectionError):
            await trickle(connection, endless(b"x"))


async def large_response(scope: Scope, _receive: Receive, send: Send) -> None:
    """Responds with more than the buffers of both ends hold."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * LARGE_BYTES})


@pytest.mark.parametrize(
    ("linger_seconds", "keep_alive_seconds"), [(SHORT_SECONDS, 300), (PATIENCE_SECONDS * 2, 1)]
)
async def test_a_client_that_does_not_read_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, linger_seconds: float, keep_alive_seconds: int
) -> None:
    monkeypatch.setattr(limits_module, "LINGER_SECONDS", linger_seconds)
    limits = HttpLimits(keep_alive_seconds=keep_alive_seconds)
    async with serving(large_response, limits) as server:

        async def is_disconnected() -> bool:
            return not server.server_state.connections

        port = server.servers[0].sockets[0].getsockname()[1]
        async with raw_connection(port) as connection:
            await connection.write(b"GET / HTTP/1.1\r\nHost: g\r\n\r\n")
            assert await connection.status() == 200
            await eventually(is_disconnected)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /" + b"x" * 4096 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 16_384 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 65 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + (b"X: " + b"x" * 1000 + b"\r\n") * 17 + b"\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\n\r\n" * 50, 429),
        (b"GET malformed\r\n\r\n", 400),
    ],
)
async def test_a_head_over_a_limit_is_refused_and_ends_the_connection(
    head: bytes, status: int
) -> None:
    async with running(LONG_TIMEOUT) as gateway, raw_connection(gateway.port) as connection:
        await connection.write(head)
        response = await connection.rest()
        assert response.split()[1] == str(status).encode()
        assert (await gateway.http.get("/healthz")).status_code == 200


async def test_a_head_at_the_limits_is_accepted() -> None:
    async with running(LONG_TIMEOUT) as gateway:
        url = "/api/message?" + "x" * (4096 - len("/api/message?"))
        headers = {f"X-{n}": "x" * 200 for n in range(55)}
        response = await gateway.http.post(url, json=sms(), headers=headers)
    assert response.status_code == 200


@pytest.mark.parametrize(
    "start",
    [
        *(b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\nX"),
        b"POST /api/message HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1\r\nx\r\n0\r\nX: ",
    ],
)
async def test_an_endless_header_or_trailer_is_refused(start: bytes) -> None:
    async with connected() as connection:
        await connection.write(start)
        with pytest.raises(ConnectionError):
            await flood(connection)


async def test_headers_of_a_trailer_are_counted() -> None:
    async with connected() as connection:
        await connection.write_head("/api/message", "Transfer-Encoding: chunked")
        await connection.write(b"1\r\nx\r\n0\r\n" + b"X: x\r\n" * 100 + b"\r\n")
        assert await connection.status() == 431


async def test_a_connection_over_the_limit_gets_503_and_the_others_stay() -> None:
    limits = HttpLimits(connections=2, head_seconds=PATIENCE_SECONDS * 2)
    async with (
        running(limits) as gateway,
        raw_connection(gateway.port) as first,
        raw_connection(gateway.port) as second,
    ):
        for connection in (first, second):
            await connection.write(KEPT)
            assert await connection.status() == 200
        async with raw_connection(gateway.port) as third:
            assert await third.status() == 503
        await first.write(CLOSED)
        assert b"200 OK" in await first.rest()
        assert (await gateway.http.get("/healthz")).status_code == 200
