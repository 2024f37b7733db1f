"""A small process in the place of a service: it listens, is healthy, and keeps a journal."""

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


def main(part: str) -> None:
    """Plays one part; `STAND_IN_...` names the part that misbehaves."""
    if os.environ.get("STAND_IN_BROKEN") == part:
        sys.exit(f"{part} has no settings")
    asyncio.run(_play(part))


async def _play(part: str) -> None:
    journal = Path(os.environ["STAND_IN_JOURNAL"])
    stop = stop_requested()
    if os.environ.get("STAND_IN_DEAF") == part:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _write, journal, f"{part} -")
    (journal.parent / f"{part}.json").write_text(json.dumps(dict(os.environ)))
    _write(journal, f"{part} +")
    serve = _serve_http if LISTEN[part] in ("SIMULATOR_LISTEN", "GATEWAY_LISTEN") else _serve_grpc
    await serve(os.environ[LISTEN[part]], stop)
    _write(journal, f"{part} -")


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
