"""The load driver, a process of its own: POSTs callbacks and reports the timing of each.

Reads a plan (JSON) from standard input and writes the timings to standard output. It implements a
minimal HTTP/1.1 client, since a library would use more CPU than the measured systems.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import uvloop

# The start of the event loop is not measured.
HEAD_START_NS = 50_000_000

Timing = tuple[int, int, int]


@dataclass(frozen=True)
class Plan:
    """Bodies to POST: at `rate` per second (open loop), or as fast as the connections allow."""

    url: str
    bodies: list[str]
    connections: int
    rate: float | None
    # With a seed, callbacks of the open loop arrive independently of each other (Poisson), as from
    # many people; without one at equal intervals.
    seed: int | None


class Connection(asyncio.Protocol):
    """A connection with one request at a time, kept as long as the server keeps it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._is_kept = True
        self._received = b""
        self._answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's in all but their class.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if separator and len(body) >= _length(head):
            self._received = b""
            self._is_kept = b"connection: close" not in head.lower()
            self._answered.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._answered.done():
            self._answered.set_exception(ConnectionError("the gateway closed the connection"))

    @property
    def next(self) -> "Connection":
        """The connection for the next request: this one unless the server ends it."""
        if self._is_kept:
            return self
        if self._transport is not None:
            self._transport.close()
        return Connection(self._host, self._port)

    async def connect(self) -> None:
        """Connects unless it is connected."""
        if self._transport is None:
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: self, self._host, self._port)

    async def post(self, request: bytes) -> int:
        """Sends a request and returns the status of the response."""
        self._answered = asyncio.get_running_loop().create_future()
        await self.connect()
        if self._transport is None:
            raise ConnectionError("not connected")
        self._transport.write(request)
        return await self._answered


async def drive(plan: Plan) -> list[Timing]:
    """For each body: intended time, response time, and status."""
    address = urlsplit(plan.url)
    requests = [_request(address.netloc, address.path, body) for body in plan.bodies]
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(min(plan.connections, len(requests))):
        connection = Connection(address.hostname or "", address.port or 0)
        await connection.connect()
        free.put_nowait(connection)
    start = time.monotonic_ns() + HEAD_START_NS
    times = _intended(start, plan.rate, plan.seed)
    tasks = [
        asyncio.create_task(_post(free, request, await _wait(intended)))
        for request, intended in zip(requests, times, strict=False)
    ]
    return list(await asyncio.gather(*tasks))


async def _post(free: "asyncio.Queue[Connection]", request: bytes, intended: int | None) -> Timing:
    connection = await free.get()
    begun = intended or time.monotonic_ns()
    status = await connection.post(request)
    done = time.monotonic_ns()
    free.put_nowait(connection.next)
    return begun, done, status


async def _wait(intended: int | None) -> int | None:
    remaining = (intended - time.monotonic_ns()) / 1e9 if intended else 0.0
    if remaining > 0:
        await asyncio.sleep(remaining)
    return intended


def _intended(start: int, rate: float | None, seed: int | None) -> Iterator[int | None]:
    draw, seconds = random.Random(seed), 0.0
    while True:
        yield start + int(seconds * 1e9) if rate else None
        if rate:
            seconds += 1 / rate if seed is None else draw.expovariate(rate)


def _request(host: str, path: str, body: str) -> bytes:
    content = body.encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0] or 0)


if __name__ == "__main__":
    json.dump(uvloop.run(drive(Plan(**json.load(sys.stdin)))), sys.stdout)
