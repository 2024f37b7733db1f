"""The wires of a fault run pass everything on, until they are hurt."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from chaos.deployment.tcp_proxy import LOOPBACK, Wire

from support.ports import free_port

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def echoes() -> AsyncIterator[int]:
    """A server that says what it is told."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(echo, LOOPBACK, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
async def wire(echoes: int) -> AsyncIterator[Wire]:
    """A wire to it; nobody listens at its other target."""
    one = Wire([free_port(), echoes])
    await one.open()
    yield one
    await one.close()


@asynccontextmanager
async def connected(wire: Wire) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection(LOOPBACK, wire.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def asked(connection: Connection) -> bytes:
    """What the server says; nothing, or a reset, when the connection broke."""
    reader, writer = connection
    writer.write(b"hello\n")
    try:
        return await reader.readline()
    except ConnectionResetError:
        return b""


async def test_a_wire_passes_on_to_the_target_that_lives(wire: Wire) -> None:
    for _ in range(3):
        async with connected(wire) as connection:
            assert await asked(connection) == b"hello\n"


async def test_a_cut_breaks_connections_and_new_ones_pass(wire: Wire) -> None:
    async with connected(wire) as connection:
        await asked(connection)
        assert wire.cut() == 1
        assert await asked(connection) == b""
    async with connected(wire) as connection:
        assert await asked(connection) == b"hello\n"


async def test_a_refusing_wire_takes_no_connection(wire: Wire) -> None:
    wire.refuses = True
    async with connected(wire) as connection:
        assert await asked(connection) == b""


async def test_a_stalled_wire_holds_bytes_back_and_loses_none(wire: Wire) -> None:
    async with connected(wire) as connection:
        await asked(connection)
        wire.stall()
        answer = asyncio.create_task(asked(connection))
        done, _ = await asyncio.wait([answer], timeout=0.05)
        assert not done
        wire.flow()
        assert await answer == b"hello\n"


async def test_a_wire_that_loses_answers_breaks_instead(wire: Wire) -> None:
    async with connected(wire) as connection:
        await asked(connection)
        wire.loses_answers = True
        assert await asked(connection) == b""


async def test_a_wire_to_nobody_breaks_connections_off() -> None:
    wire = Wire([free_port()])
    await wire.open()
    async with connected(wire) as connection:
        assert await asked(connection) == b""
    await wire.close()
