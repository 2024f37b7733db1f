import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from simulator.callbacks.client import RESPONSE_LIMIT_BYTES, CallbackClient
from simulator.callbacks.sender import Attempt, Callback, CallbackSender, Outcome
from support.clock import ManualClock
from support.eventually import PATIENCE_SECONDS

ENDLESS = b"x" * RESPONSE_LIMIT_BYTES


class RawGateway:
    """Answers with the bytes that a test says and keeps the requests' heads."""

    def __init__(self, answer: bytes, *, endless: bool = False) -> None:
        self.url = ""
        self.heads: list[bytes] = []
        self._answer = answer
        self._endless = endless

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self._answer)
            await writer.drain()
            while self._endless:
                writer.write(ENDLESS)
                await writer.drain()
        except ConnectionError:
            self._endless = False
        finally:
            writer.close()


@asynccontextmanager
async def listening(gateway: RawGateway) -> AsyncIterator[CallbackClient]:
    async with await asyncio.start_server(gateway.talk, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        gateway.url = f"http://{host}:{port}/api/message"
        client = CallbackClient(PATIENCE_SECONDS)
        try:
            yield client
        finally:
            await client.close()


async def test_the_body_is_posted_as_json_and_the_status_told() -> None:
    gateway = RawGateway(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
    async with listening(gateway) as client:
        assert await client.post(gateway.url, b"{}") == 202
    [head] = gateway.heads
    request, *headers = head.decode().lower().split("\r\n")
    assert request == "post /api/message http/1.1"
    assert {"content-type: application/json", "accept-encoding: gzip"} <= set(headers)
    assert "content-length: 2" in headers


REDIRECT = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
NO_GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nnot"


@pytest.mark.parametrize(
    ("gateway", "status"),
    [
        (RawGateway(REDIRECT), 307),
        (RawGateway(b"HTTP/1.1 200 OK\r\n\r\n", endless=True), 200),
        (RawGateway(NO_GZIP), 200),
    ],
    ids=["redirect", "endless", "broken gzip"],
)
async def test_only_the_status_of_an_odd_answer_counts(gateway: RawGateway, status: int) -> None:
    async with listening(gateway) as client:
        assert await client.post(gateway.url, b"{}") == status
    assert len(gateway.heads) == 1


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"])
async def test_a_broken_answer_is_a_reason_to_resend(clock: ManualClock, answer: bytes) -> None:
    gateway, attempts = RawGateway(answer), list[Attempt]()
    async with listening(gateway) as client:
        callback_sender = CallbackSender(client.post, clock, timedelta(seconds=30))
        callback_sender.submit(Callback(gateway.url, b"{}", on_attempt=attempts.append))
        callback_sender.run_once()
        await callback_sender.wait_until_idle()
    retry = Attempt(Outcome.TO_BE_RESENT, None, clock.now() + timedelta(seconds=30))
    assert attempts == [retry]
