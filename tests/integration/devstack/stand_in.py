"""A small process instead of a service: it listens, is healthy, and writes a journal."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from runtime.grpc.server import GrpcServer, serve_until
from runtime.shutdown import stop_requested

LISTEN = {
    "simulator": "SIMULATOR_LISTEN",
    "messaging_service": "MESSAGING_LISTEN",
    "conversation_service": "CONVERSATION_LISTEN",
    "gateway": "GATEWAY_LISTEN",
}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def main(service: str) -> None:
    """Runs one stand-in; `STAND_IN_BROKEN` and `STAND_IN_DEAF` name one that misbehaves."""
    if os.environ.get("STAND_IN_BROKEN") == service:
        sys.exit(f"{service} has no settings")
    asyncio.run(_run(service))


async def _run(service: str) -> None:
    journal = Path(os.environ["STAND_IN_JOURNAL"])
    stop = stop_requested()
    if os.environ.get("STAND_IN_DEAF") == service:
        asyncio.get_running_loop().add_signal_handler(
            signal.SIGTERM, _write, journal, f"{service} -"
        )
    (journal.parent / f"{service}.json").write_text(json.dumps(dict(os.environ)))
    _write(journal, f"{service} +")
    serve = (
        _serve_http if LISTEN[service] in ("SIMULATOR_LISTEN", "GATEWAY_LISTEN") else _serve_grpc
    )
    await serve(os.environ[LISTEN[service]], stop)
    _write(journal, f"{service} -")


async def _serve_http(listen: str, stop: asyncio.Event) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        writer.close()

    host, _, port = listen.rpartition(":")
    async with await asyncio.start_server(answer, host, int(port)):
        await stop.wait()


async def _serve_grpc(listen: str, stop: asyncio.Event) -> None:
    async def is_well() -> bool:
        return True

    await serve_until(stop, GrpcServer(listen, ()), (), probe=is_well)


def _write(journal: Path, line: str) -> None:
    with journal.open("a") as file:
        file.write(f"{line}\n")
