"""Redis over TLS: a proxy before the embedded server, and a server that speaks TLS itself."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Protocol
from urllib.parse import urlsplit

from redis import Redis

from bench.systems.processes import listens, start, wait_until
from runtime.tls import TlsFiles
from support.net.ports import free_port

CHUNK_BYTES = 65_536


class EncryptedRedis(Protocol):
    """Requires a client certificate."""

    url: str

    def show(self, files: TlsFiles) -> None:
        """Uses these files, also the authority, for new connections only."""

    def cut(self) -> None:
        """Breaks every connection."""


class TlsProxy:
    """TLS proxy before a server. Use `encrypted`."""

    def __init__(self, redis_url: str, files: TlsFiles) -> None:
        self._target = urlsplit(redis_url)
        self._context = self._current = _context(files)
        self._context.sni_callback = self._use_current
        self._writers: set[asyncio.StreamWriter] = set()
        self.url = ""

    async def open(self) -> asyncio.Server:
        """Listens on loopback."""
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0, ssl=self._context)
        self.url = f"rediss://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        return server

    def show(self, files: TlsFiles) -> None:
        self._current = _context(files)

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def _use_current(self, handshake: ssl.SSLObject, _host: str | None, _: ssl.SSLContext) -> None:
        handshake.context = self._current

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        upstream, to_server = await asyncio.open_connection(
            self._target.hostname, self._target.port
        )
        await asyncio.gather(_copy(reader, to_server), _copy(upstream, writer))
        self._writers.discard(writer)


@asynccontextmanager
async def encrypted(redis_url: str, files: TlsFiles) -> AsyncIterator[TlsProxy]:
    """Yields a TLS proxy before this Redis."""
    proxy = TlsProxy(redis_url, files)
    async with await proxy.open():
        yield proxy


class TlsServer:
    """A server with a TLS port, and a plain one for administration. `stack` ends it."""

    def __init__(self, stack: ExitStack, program: str, files: TlsFiles) -> None:
        port, tls_port = free_port(), free_port()
        own = ("--port", str(port), "--tls-port", str(tls_port), "--save", "")
        tls = [word for name, value in _tls(files).items() for word in (f"--{name}", value)]
        start(stack, program, *own, *tls)
        wait_until(lambda: listens(tls_port), program)
        self._admin = stack.enter_context(Redis(port=port))
        self.url = f"rediss://127.0.0.1:{tls_port}/0"

    def show(self, files: TlsFiles) -> None:
        settings = [word for setting in _tls(files).items() for word in setting]
        self._admin.execute_command("CONFIG", "SET", *settings)

    def cut(self) -> None:
        self._admin.client_kill_filter(_type="normal", skipme=True)


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=files.authority)
    context.load_cert_chain(files.certificate, files.key)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(CHUNK_BYTES):
            target.write(chunk)
            await target.drain()
    except OSError:
        pass
    finally:
        target.close()


def _tls(files: TlsFiles) -> dict[str, str]:
    return {
        "tls-cert-file": str(files.certificate),
        "tls-key-file": str(files.key),
        "tls-ca-cert-file": str(files.authority),
    }
