"""The proxy of fault runs forwards everything until it is told to fail."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from chaos.deployment.tcp_proxy import LOOPBACK, TcpProxy

from support.net.ports import free_port

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def echoes() -> AsyncIterator[int]:
    """A server that echoes lines."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(echo, LOOPBACK, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
async def proxy(echoes: int) -> AsyncIterator[TcpProxy]:
    """A proxy to it. Nothing listens at its other target."""
    proxy = TcpProxy([free_port(), echoes])
    await proxy.open()
    yield proxy
    await proxy.close()


@asynccontextmanager
async def connected(proxy: TcpProxy) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def echoed(connection: Connection) -> bytes:
    """The echo; empty, or a reset, when the connection broke."""
    reader, writer = connection
    writer.write(b"hello\n")
    try:
        return await reader.readline()
    except ConnectionResetError:
        return b""


async def test_a_wire_passes_on_to_the_target_that_lives(proxy: TcpProxy) -> None:
    for _ in range(3):
        async with connected(proxy) as connection:
            assert await echoed(connection) == b"hello\n"


async def test_a_cut_breaks_connections_and_new_ones_pass(proxy: TcpProxy) -> None:
    async with connected(proxy) as connection:
        await echoed(connection)
        assert proxy.cut() == 1
        assert await echoed(connection) == b""
    async with connected(proxy) as connection:
        assert await echoed(connection) == b"hello\n"


async def test_a_refusing_wire_takes_no_connection(proxy: TcpProxy) -> None:
    proxy.refuses = True
    async with connected(proxy) as connection:
        assert await echoed(connection) == b""


async def test_a_stalled_wire_holds_bytes_back_and_loses_none(proxy: TcpProxy) -> None:
    async with connected(proxy) as connection:
        await echoed(connection)
        proxy.stall()
        response = asyncio.create_task(echoed(connection))
        done, _ = await asyncio.wait([response], timeout=0.05)
        assert not done
        proxy.resume()
        assert await response == b"hello\n"


async def test_a_wire_that_loses_answers_breaks_instead(proxy: TcpProxy) -> None:
    async with connected(proxy) as connection:
        await echoed(connection)
        proxy.loses_responses = True
        assert await echoed(connection) == b""


async def test_a_wire_to_nobody_breaks_connections_off() -> None:
    proxy = TcpProxy([free_port()])
    await proxy.open()
    async with connected(proxy) as connection:
        assert await echoed(connection) == b""
    await proxy.close()
