"""Redis over TLS: a proxy in front of the embedded server, or a server with TLS on the PATH."""

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

PIECE_BYTES = 65_536


class EncryptedRedis(Protocol):
    """Redis that requires a client certificate."""

    url: str

    def show(self, files: TlsFiles) -> None:
        """New connections use these files; existing ones stay."""

    def cut(self) -> None:
        """Breaks every connection."""


class Front:
    """A TLS proxy in front of a server. Use `encrypted`."""

    def __init__(self, redis_url: str, files: TlsFiles) -> None:
        self._target = urlsplit(redis_url)
        self._context = self._shown = _context(files)
        self._context.sni_callback = self._newest
        self._writers: set[asyncio.StreamWriter] = set()
        self.url = ""

    async def open(self) -> asyncio.Server:
        """Listens on loopback."""
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0, ssl=self._context)
        self.url = f"rediss://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        return server

    def show(self, files: TlsFiles) -> None:
        self._shown = _context(files)

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def _newest(self, handshake: ssl.SSLObject, _host: str | None, _: ssl.SSLContext) -> None:
        handshake.context = self._shown

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        back, forth = await asyncio.open_connection(self._target.hostname, self._target.port)
        await asyncio.gather(_copy(reader, forth), _copy(back, writer))
        self._writers.discard(writer)


@asynccontextmanager
async def encrypted(redis_url: str, files: TlsFiles) -> AsyncIterator[Front]:
    """A TLS proxy in front of this Redis."""
    front = Front(redis_url, files)
    async with await front.open():
        yield front


class TlsServer:
    """A server with TLS, and with a plain port for commands of the test; ends with `held`."""

    def __init__(self, held: ExitStack, program: str, files: TlsFiles) -> None:
        port, tls_port = free_port(), free_port()
        own = ("--port", str(port), "--tls-port", str(tls_port), "--save", "")
        tls = [word for name, value in _tls(files).items() for word in (f"--{name}", value)]
        start(held, program, *own, *tls)
        wait_until(lambda: listens(tls_port), program)
        self._admin = held.enter_context(Redis(port=port))
        self.url = f"rediss://127.0.0.1:{tls_port}/0"

    def show(self, files: TlsFiles) -> None:
        words = [word for setting in _tls(files).items() for word in setting]
        self._admin.execute_command("CONFIG", "SET", *words)

    def cut(self) -> None:
        self._admin.client_kill_filter(_type="normal", skipme=True)


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=files.authority)
    context.load_cert_chain(files.certificate, files.key)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while piece := await source.read(PIECE_BYTES):
            target.write(piece)
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
