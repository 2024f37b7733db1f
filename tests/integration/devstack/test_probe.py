"""`python -m runtime.probe`, the health check inside a container."""

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from runtime.grpc_server import GrpcServer
from support.ports import free_port

STATUS = {"well": "200 OK", "unwell": "503 Service Unavailable"}


async def probe(*arguments: str) -> int | None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "runtime.probe", *arguments, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait()


@pytest.fixture
async def http_port() -> AsyncIterator[int]:
    """Answers `/well` with 200 and `/unwell` with 503."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode().strip("/")
        head = f"HTTP/1.1 {STATUS[path]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(("path", "status"), [("well", 0), ("unwell", 1)])
async def test_http_is_healthy_only_with_200(http_port: int, path: str, status: int) -> None:
    assert await probe("http", f"http://127.0.0.1:{http_port}/{path}") == status


@pytest.mark.parametrize(("well", "status"), [(True, 0), (False, 1)])
async def test_grpc_is_healthy_only_while_it_says_serving(well: bool, status: int) -> None:
    server = GrpcServer("127.0.0.1:0", ())
    await server.start(())

    async def is_well() -> bool:
        return well

    await server.tell_health((), is_well)
    try:
        assert await probe("grpc", f"127.0.0.1:{server.port}") == status
    finally:
        await server.stop()


async def test_nobody_there_is_not_healthy() -> None:
    port = free_port()
    assert await probe("http", f"http://127.0.0.1:{port}/healthz") == 1
    assert await probe("grpc", f"127.0.0.1:{port}") == 1


async def test_a_wrong_call_is_not_healthy() -> None:
    assert await probe("smtp", "127.0.0.1:25") == 2
