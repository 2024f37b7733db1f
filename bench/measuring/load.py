"""The driver: POSTs callbacks from a process of its own and says how each fared.

Reads a plan (JSON) from standard input and writes the outcome to standard output. It speaks just
enough HTTP/1.1 itself: a client library would take more of the cores than what is measured.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import uvloop

# The event loop's first moments are not part of any figure.
HEAD_START_NS = 50_000_000

Timing = tuple[int, int, int]


@dataclass(frozen=True)
class Plan:
    """Bodies to POST. With a rate, one each 1/rate seconds whatever comes back; without, as fast
    as the connections allow."""

    url: str
    bodies: list[str]
    connections: int
    rate: float | None


class Connection(asyncio.Protocol):
    """One connection that is kept; one request at a time."""

    def __init__(self) -> None:
        self._received = b""
        self._answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's in all but their class.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            self._received = b""
            self._answered.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._answered.done():
            self._answered.set_exception(ConnectionError("the gateway closed a connection"))

    async def post(self, request: bytes) -> int:
        """Sends a whole request and answers the status."""
        self._answered = asyncio.get_running_loop().create_future()
        if self._transport is None:
            raise ConnectionError("not connected")
        self._transport.write(request)
        return await self._answered


async def drive(plan: Plan) -> list[Timing]:
    """For each body: when it was meant to leave, when it was answered, and the status."""
    address = urlsplit(plan.url)
    requests = [_request(address.netloc, address.path, body) for body in plan.bodies]
    place = (address.hostname or "", address.port or 0)
    loop = asyncio.get_running_loop()
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(plan.connections):
        _, connection = await loop.create_connection(Connection, *place)
        free.put_nowait(connection)
    start = time.monotonic_ns() + HEAD_START_NS
    tasks = [
        asyncio.create_task(_post(free, request, await _wait(at)))
        for request, at in zip(requests, _intended(start, plan.rate), strict=False)
    ]
    return list(await asyncio.gather(*tasks))


async def _post(free: "asyncio.Queue[Connection]", request: bytes, intended: int | None) -> Timing:
    connection = await free.get()
    begun = intended or time.monotonic_ns()
    status = await connection.post(request)
    done = time.monotonic_ns()
    free.put_nowait(connection)
    return begun, done, status


async def _wait(intended: int | None) -> int | None:
    early = (intended - time.monotonic_ns()) / 1e9 if intended else 0.0
    if early > 0:
        await asyncio.sleep(early)
    return intended


def _intended(start: int, rate: float | None) -> Iterator[int | None]:
    number = 0
    while True:
        yield start + int(number * 1e9 / rate) if rate else None
        number += 1


def _request(host: str, path: str, body: str) -> bytes:
    content = body.encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0] or 0)


if __name__ == "__main__":
    json.dump(uvloop.run(drive(Plan(**json.load(sys.stdin)))), sys.stdout)
