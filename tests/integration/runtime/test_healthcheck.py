"""`python -m runtime.healthcheck`, the health check inside a container."""

import asyncio
import os
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runtime.grpc.server import GrpcServer
from runtime.http.tls import HttpsFiles, https_context
from support.net.certificates import Authority
from support.net.ports import free_port

STATUS = {"well": "200 OK", "unwell": "503 Service Unavailable"}


async def probe(*arguments: str, **environment: str) -> int | None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "runtime.healthcheck"),
        *arguments,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    return await process.wait()


@asynccontextmanager
async def serving(context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Answers `/well` with 200 and `/unwell` with 503."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode().strip("/")
        head = f"HTTP/1.1 {STATUS[path]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
async def http_port() -> AsyncIterator[int]:
    """The port of a server without HTTPS."""
    async with serving() as port:
        yield port


@pytest.mark.parametrize(("path", "status"), [("well", 0), ("unwell", 1)])
async def test_http_is_healthy_only_with_200(http_port: int, path: str, status: int) -> None:
    assert await probe("http", f"http://127.0.0.1:{http_port}/{path}") == status


def https_files(folder: Path) -> HttpsFiles:
    """A certificate for a host name, not for the loopback address."""
    files = Authority().files(folder, "gateway.example")
    return HttpsFiles(files.certificate, files.key)


async def probe_gateway(port: int, path: str, certificate: Path | str) -> int | None:
    """As in the image: the URL is the same with HTTPS and without."""
    url = f"http://127.0.0.1:{port}/{path}"
    settings = {"GATEWAY_HTTPS_CERTIFICATE_FILE": str(certificate)}
    return await probe("http", url, "--settings", "GATEWAY_", **settings)


@pytest.mark.parametrize(("path", "status"), [("well", 0), ("unwell", 1)])
async def test_a_gateway_that_serves_https_is_probed_with_https(
    tmp_path: Path, path: str, status: int
) -> None:
    files = https_files(tmp_path)
    async with serving(https_context(files)) as port:
        assert await probe_gateway(port, path, files.certificate) == status
        assert await probe("http", f"http://127.0.0.1:{port}/{path}") == 1


@pytest.mark.parametrize("certificate", ["own.pem", "nowhere.pem", "own.key"])
async def test_a_server_with_another_certificate_is_not_healthy(
    tmp_path: Path, certificate: str
) -> None:
    https_files(tmp_path / "another")
    async with serving(https_context(https_files(tmp_path / "gateway"))) as port:
        assert await probe_gateway(port, "well", tmp_path / "another" / certificate) == 1


async def test_without_a_certificate_in_the_settings_http_is_used(http_port: int) -> None:
    assert await probe_gateway(http_port, "well", "") == 0


@pytest.mark.parametrize(("well", "status"), [(True, 0), (False, 1)])
async def test_grpc_is_healthy_only_while_it_says_serving(well: bool, status: int) -> None:
    server = GrpcServer("127.0.0.1:0", ())
    await server.start(())

    async def is_well() -> bool:
        return well

    await server.set_health((), is_well)
    try:
        assert await probe("grpc", f"127.0.0.1:{server.port}") == status
    finally:
        await server.stop()


async def test_an_unreachable_server_is_not_healthy() -> None:
    port = free_port()
    assert await probe("http", f"http://127.0.0.1:{port}/healthz") == 1
    assert await probe("grpc", f"127.0.0.1:{port}") == 1


async def test_an_unknown_protocol_is_a_usage_error() -> None:
    assert await probe("smtp", "127.0.0.1:25") == 2
